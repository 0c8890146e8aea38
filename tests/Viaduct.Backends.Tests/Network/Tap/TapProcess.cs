using System.Diagnostics;

namespace Viaduct.Backends.Tests.Network.Tap;

/// <summary>A process in a network of its own, with rights there: what a test does to interfaces, no other sees.</summary>
internal static class TapProcess
{
    internal const string Command = "tap";

    /// <summary>Runs one of <see cref="TapCases"/> in such a process.</summary>
    internal static void RunApart(string test)
    {
        // A view of /sys of its own, for that names the interfaces of whoever mounted it.
        string inside = $"mount -t sysfs sysfs /sys && ip link set lo up && exec '{Environment.ProcessPath}' {Command} {test}";
        string[] user = Environment.UserName == "root" ? [] : ["--map-root-user"];
        ProcessStartInfo start = new("unshare", [.. user, "--net", "--mount", "sh", "-c", inside]) { RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{test} in a network namespace ended with {process.ExitCode}: {errors}");
    }

    /// <summary>The process's part.</summary>
    internal static int Run(string test)
    {
        TapCases.Run(test);
        return 0;
    }

    /// <summary>Runs a program and waits for it.</summary>
    internal static void Call(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}");
    }
}
