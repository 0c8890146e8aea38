using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Viaduct.Assigned;
using Viaduct.Assigned.Registry;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;

namespace Viaduct.Interop;

/// <summary>As <see cref="KillTests"/>, with a controller that is shared: its process, its holders, and who controls it.</summary>
public sealed class SharedKillTests : IDisposable
{
    private const int Part = 1 << 20;
    private const int VirtualFunctions = 4;

    private readonly Random _random = Kills.NewRandom();
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("viaduct-test-");
    private readonly string _disk;
    private readonly string _folder;

    public SharedKillTests()
    {
        _disk = Path.Combine(_home.FullName, "disk.img");
        _folder = Path.Combine(_home.FullName, "nvme");
        File.WriteAllBytes(_disk, new byte[(VirtualFunctions + 1) * Part]);
    }

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public void ServerKilled_AllHoldersSaySo_AndGoOnWithTheNext()
    {
        ProcessGauge before = default;
        ProcessGauge after = default;
        WriteLedger[] ledgers = [Ledger(0), Ledger(1), Ledger(2)];
        using WriterProcess physical = Writer(0, ledgers[0]);
        using WriterProcess first = Writer(1, ledgers[1]);
        using WriterProcess second = Writer(2, ledgers[2]);
        WriterProcess[] writers = [physical, first, second];
        for (int round = 0; round < Kills.Count; round++)
        {
            // The folder is as the one that was killed left it.
            using DeviceServer server = new(_disk, _folder, VirtualFunctions);
            Array.ForEach(writers, writer => writer.Listen(1));
            after = first.Gauge;
            before = round <= Kills.Settled ? after : before;
            writers[_random.Next(writers.Length)].Listen(_random.Next(200));
            server.Kill();
            Array.ForEach(writers, writer => writer.ListenToLoss());
            Array.ForEach(ledgers, ledger => ledger.Verify($"round {round}"));
        }

        after.AssertFlat(before, "a holder");
        Report($"holders of {Kills.Count} servers", before, after, ledgers);
    }

    [Fact]
    public void ServerKilled_IsInTheRegistryNoMore()
    {
        using DeviceServer server = new(_disk, _folder, VirtualFunctions);
        Assert.True(DeviceRegistry.Default.Find(_folder)?.IsHeld);
        Assert.Throws<AssignedDeviceException>(() => DeviceRegistry.Default.Claim(_folder, "a test"));
        server.Kill();
        Assert.Null(DeviceRegistry.Default.Find(_folder));
    }

    [Fact]
    public void HolderKilled_OthersGoOn_AndTheNextHasTheFunction()
    {
        ProcessGauge before = default;
        ProcessGauge after = default;
        WriteLedger[] ledgers = [Ledger(0), Ledger(1), Ledger(2)];
        using DeviceServer server = new(_disk, _folder, VirtualFunctions);
        using WriterProcess other = Writer(2, ledgers[2]);
        for (int round = 0; round < Kills.Count; round++)
        {
            // The physical function's holder in half of the rounds.
            int function = round % 2;
            using WriterProcess writer = Writer(function, ledgers[function]);
            writer.Listen(1);
            after = server.Gauge;
            before = round <= Kills.Settled ? after : before;
            writer.Listen(_random.Next(400));
            writer.Kill();
            other.Listen(200);
            ledgers[function].Verify($"round {round}");
            ledgers[2].Verify($"round {round}", goesOn: true);
        }

        after.AssertFlat(before, "the server");
        Assert.Empty(other.Lines);
        other.Kill();
        Assert.Equal(0, server.End());
        Assert.Contains(server.Lines, line => line.Contains("has left the device", StringComparison.Ordinal));
        Report($"server of {Kills.Count} holders", before, after, ledgers);
    }

    [Fact]
    public void ControlProcessKilled_WhatItAskedForIsDoneOrNot_AndNoHolderIsDisturbed()
    {
        ProcessGauge before = default;
        ProcessGauge after = default;
        WriteLedger ledger = Ledger(1);
        using DeviceServer server = new(_disk, _folder, VirtualFunctions);
        using WriterProcess writer = Writer(1, ledger);
        writer.Listen(1);
        long whole = Control(["sriov", "list", _folder], Timeout.Infinite);
        int killed = 0;
        for (int round = 0; round < Kills.Count; round++)
        {
            string[] command = NextCommand();
            AskAndHangUp();
            killed += Control(command, _random.Next((int)whole)) < 0 ? 1 : 0;
            writer.Listen(20);
            IReadOnlyList<FunctionState> functions = Restored();
            Assert.Equal(["pf", "vf1"], functions.Take(2).Select(each => each.Name));
            Assert.NotNull(functions[1].Holder);
            after = server.Gauge;
            before = round <= Kills.Settled ? Most(before, after) : before;
            ledger.Verify($"round {round}", goesOn: true);
        }

        after.AssertFlat(before, "the server");
        Assert.Empty(writer.Lines);
        Assert.True(server.IsRunning);
        Report($"server of {Kills.Count} control processes, {killed} of which were killed before their end, and as many that hung up", before, after, ledger);
    }

    private static void Report(string what, ProcessGauge before, ProcessGauge after, params WriteLedger[] ledgers) =>
        Kills.Report($"{what}: {ledgers.Sum(ledger => ledger.Acknowledged)} writes acknowledged, {ledgers.Sum(ledger => ledger.Checked)} blocks checked; {before}, in the end {after}");

    // One that was asked for it may just have been without a function.
    private static ProcessGauge Most(ProcessGauge one, ProcessGauge other) => one.Descriptors > other.Descriptors ? one : other;

    // Milliseconds that it took; less than zero where it was killed after so many.
    private static long Control(string[] arguments, int milliseconds)
    {
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(DeviceServer.ViaductProgram, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        bool ended = process.WaitForExit(milliseconds);
        if (!ended)
        {
            process.Kill();
        }

        process.WaitForExit();
        return ended ? (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds : -1;
    }

    private WriteLedger Ledger(int function) => new(_disk, function * Part);

    private WriterProcess Writer(int function, WriteLedger ledger) =>
        new(Path.Combine(_folder, function == 0 ? "pf.sock" : $"vf{function}.sock"), ledger, function + 1);

    private string[] NextCommand() => _random.Next(4) switch
    {
        0 => ["sriov", "create", _folder, "1"],
        1 => ["sriov", "remove", _folder, "3", "--force"],
        2 => ["sriov", "set", _folder, $"vf={_random.Next(2, 5)}", "iops=" + _random.Next(1000).ToString(CultureInfo.InvariantCulture), "online=on"],
        _ => ["sriov", "list", _folder],
    };

    // What a killed process leaves of a request: part of it, or all of it and nobody to hear the answer.
    private void AskAndHangUp()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(_folder, "control.sock")));
        string line = _random.Next(3) switch
        {
            0 => """{"command":"create","count":1}""",
            1 => """{"command":"remove","functions":[4],"force":true}""",
            _ => """{"command":"list"}""",
        };
        byte[] bytes = Encoding.UTF8.GetBytes(line + "\n");
        Assert.True(socket.Send(bytes.AsSpan(0, _random.Next(2) == 0 ? bytes.Length : _random.Next(1, bytes.Length))) > 0);
    }

    // What a process asked for that was killed may be carried out after its end, and so between these requests.
    private IReadOnlyList<FunctionState> Restored()
    {
        while (true)
        {
            IReadOnlyList<FunctionState> functions = ControlClient.Ask(_folder, new ControlRequest { Command = "list" }).Functions;
            if (functions.Count == VirtualFunctions + 1)
            {
                return functions;
            }

            _ = ControlClient.Ask(_folder, new ControlRequest { Command = "create", Count = VirtualFunctions + 1 - functions.Count });
        }
    }
}
