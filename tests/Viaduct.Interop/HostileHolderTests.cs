using System.Diagnostics;
using System.Globalization;
using Viaduct.Sriov.Control;

namespace Viaduct.Interop;

/// <summary>
/// One function's holder misbehaves in each way while two others write and verify: they notice nothing, no byte is
/// touched that isn't its own, and its function is as new afterwards. VIADUCT_HOSTILE_CASES is how many steps (150),
/// VIADUCT_SEED where they begin.
/// </summary>
public sealed class HostileHolderTests : IDisposable
{
    private const int Part = 1 << 20;
    private const int Hostile = 3;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("viaduct-test-");
    private readonly string _disk;
    private readonly string _folder;

    public HostileHolderTests()
    {
        _disk = Path.Combine(_home.FullName, "disk.img");
        _folder = Path.Combine(_home.FullName, "nvme");
        File.WriteAllBytes(_disk, new byte[(Hostile + 1) * Part]);
    }

    public static TheoryData<Misbehaviour> Kinds() => [.. Enum.GetValues<Misbehaviour>()];

    public void Dispose() => _home.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Holder_ThatMisbehaves_HarmsNobodyElse(Misbehaviour kind)
    {
        using DeviceServer server = new(_disk, _folder, Hostile);
        WriteLedger[] ledgers = [new(_disk, Part), new(_disk, 2 * Part)];
        using WriterProcess first = new(Socket(1), ledgers[0], 2);
        using WriterProcess second = new(Socket(2), ledgers[1], 3);
        first.Listen(1);
        second.Listen(1);
        int steps = Kills.Setting("VIADUCT_HOSTILE_CASES", 150);
        int seed = Kills.Setting("VIADUCT_SEED", 1);
        await MisbehaveAsync(kind, seed, 20, first, second);
        ProcessGauge before = Left(server);
        await MisbehaveAsync(kind, seed + 1, steps, first, second);
        Left(server).AssertFlat(before, "the server");
        first.Listen(20);
        second.Listen(20);
        Assert.Empty(first.Lines.Concat(second.Lines));
        Array.ForEach(ledgers, ledger => ledger.Verify("after it", goesOn: true));
        AssertUntouchedAndClean();

        WriteLedger ledger = new(_disk, Hostile * Part);
        using (WriterProcess next = new(Socket(Hostile), ledger, Hostile + 1))
        {
            next.Listen(100);
            next.Kill();
        }

        ledger.Verify("by the next holder");
        Kills.Report($"{kind}: {steps} steps, {ledgers.Sum(each => each.Acknowledged)} writes of others meanwhile; {before}, in the end {Left(server)}");
    }

    private string Socket(int function) => Path.Combine(_folder, $"vf{function}.sock");

    private async Task MisbehaveAsync(Misbehaviour kind, int seed, int steps, params WriterProcess[] others)
    {
        string[] arguments = [HostileHolder.Command, Socket(Hostile), kind.ToString(), seed.ToString(CultureInfo.InvariantCulture), steps.ToString(CultureInfo.InvariantCulture)];
        using Process holder = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardError = true })!;
        Task<string> errors = holder.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task end = holder.WaitForExitAsync(TestContext.Current.CancellationToken);
        Task listening = Task.WhenAll(others.Select(other => Task.Run(() =>
        {
            while (!end.IsCompleted)
            {
                other.Listen(1);
            }
        })));
        await end.WaitAsync(_patience, TestContext.Current.CancellationToken);
        await listening;
        Assert.True(holder.ExitCode == 0, await errors);
    }

    // Once the function is free again.
    private ProcessGauge Left(DeviceServer server)
    {
        long began = Stopwatch.GetTimestamp();
        while (ControlClient.Ask(_folder, new ControlRequest { Command = "list" }).Functions[Hostile].Holder is not null)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < _patience, "the function isn't given back");
        }

        return server.Gauge;
    }

    // Nobody writes the physical function's part, and the others only so many blocks. What is in its own is no matter.
    private void AssertUntouchedAndClean()
    {
        byte[] contents = File.ReadAllBytes(_disk);
        const int Used = VerifiedWriter.Blocks * NvmeDriver.Page;
        Assert.False(contents.AsSpan(0, Part).ContainsAnyExcept((byte)0));
        Assert.False(contents.AsSpan(Part + Used, Part - Used).ContainsAnyExcept((byte)0));
        Assert.False(contents.AsSpan((2 * Part) + Used, Part - Used).ContainsAnyExcept((byte)0));
        using FileStream file = File.OpenWrite(_disk);
        file.Position = Hostile * Part;
        file.Write(new byte[Part]);
    }
}
