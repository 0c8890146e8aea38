using System.Diagnostics;
using Viaduct.Backends.Network.Switch;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Switch;

/// <summary>A process that runs the tests' switch, until it is killed.</summary>
internal static class SwitchProcess
{
    internal const string Command = "switch";
    internal const string Switch = "lan";
    internal const string Received = "received";

    private const string Ready = "ready";

    /// <summary>Starts one and waits until it runs the switch.</summary>
    internal static Process Start(string folder)
    {
        Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Command, folder]) { RedirectStandardOutput = true, RedirectStandardInput = true })!;
        Assert.Equal(Ready, process.StandardOutput.ReadLine());
        return process;
    }

    /// <summary>The process's part.</summary>
    internal static int Run(string folder)
    {
        using Station station = new(SwitchBackend.Open(new SwitchOptions { Switch = Switch, Folder = folder, Log = new ListLog() }), 0x5254_0000_0099);
        station.AwaitLink(up: true);
        Console.WriteLine(Ready);
        _ = station.Receive();
        Console.WriteLine(Received);
        _ = Console.ReadLine();
        return 0;
    }
}
