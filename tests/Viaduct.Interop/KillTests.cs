namespace Viaduct.Interop;

/// <summary>
/// A served controller and its clients, killed at seeded random points of verified I/O: nothing that was acknowledged is
/// lost, the survivor says what happened, has no more than before, and goes on.
/// </summary>
public sealed class KillTests : IDisposable
{
    private readonly Random _random = Kills.NewRandom();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-test-");
    private readonly string _disk;
    private readonly string _socket;
    private readonly WriteLedger _ledger;

    public KillTests()
    {
        _disk = Path.Combine(_folder.FullName, "disk.img");
        _socket = Path.Combine(_folder.FullName, "nvme.sock");
        File.WriteAllBytes(_disk, new byte[4 << 20]);
        _ledger = new WriteLedger(_disk, 0);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void ServerKilled_ItsClientSaysSo_AndGoesOnWithTheNext()
    {
        ProcessGauge before = default;
        ProcessGauge after = default;
        using WriterProcess writer = new(_socket, _ledger);
        for (int round = 0; round < Kills.Count; round++)
        {
            using DeviceServer server = new(_disk, _socket);
            writer.Listen(1);
            after = writer.Gauge;
            before = round <= Kills.Settled ? after : before;
            writer.Listen(_random.Next(400));
            server.Kill();
            writer.ListenToLoss();
            _ledger.Verify($"round {round}");
        }

        after.AssertFlat(before, "the client");
        writer.Kill();
        string[] losses = [.. writer.Lines.Where(line => line.Contains("lost because ", StringComparison.Ordinal))];
        Assert.Equal(Kills.Count, losses.Length);
        Assert.All(losses, line => Assert.Matches("because it closed the connection|because it took no message", line));
        Kills.Report($"client of {Kills.Count} servers: {_ledger.Acknowledged} writes acknowledged, {_ledger.Checked} blocks checked; {before}, in the end {after}");
    }

    [Fact]
    public void ClientKilled_ItsServerSaysSo_AndTheNextHasTheDevice()
    {
        ProcessGauge before = default;
        ProcessGauge after = default;
        using DeviceServer server = new(_disk, _socket);
        for (int round = 0; round < Kills.Count; round++)
        {
            using WriterProcess writer = new(_socket, _ledger);
            writer.Listen(1);
            after = server.Gauge;
            before = round <= Kills.Settled ? after : before;
            writer.Listen(_random.Next(400));
            writer.Kill();
            _ledger.Verify($"round {round}");
        }

        after.AssertFlat(before, "the server");
        Assert.True(server.IsRunning);
        Assert.Equal(0, server.End());
        Assert.Contains(server.Lines, line => line.Contains("has left the device", StringComparison.Ordinal));
        Kills.Report($"server of {Kills.Count} clients: {_ledger.Acknowledged} writes acknowledged, {_ledger.Checked} blocks checked; {before}, in the end {after}");
    }
}
