using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Interop;

/// <summary>
/// Server and clients killed at seeded random points of verified I/O. VIADUCT_KILLS is how often (8), VIADUCT_SEED where
/// the points begin (1).
/// </summary>
public sealed class KillTests : IDisposable
{
    private static readonly int _kills = Setting("VIADUCT_KILLS", 8);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(Setting("VIADUCT_SEED", 1));
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-test-");
    private readonly string _disk;
    private readonly string _socket;
    private readonly ulong[] _durable = new ulong[VerifiedWriter.Blocks];
    private ulong _next = 1;

    public KillTests()
    {
        _disk = Path.Combine(_folder.FullName, "disk.img");
        _socket = Path.Combine(_folder.FullName, "nvme.sock");
        File.WriteAllBytes(_disk, new byte[4 << 20]);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void ServerKilled_LosesNothingDurable_AndItsClientSaysSo()
    {
        for (int round = 0; round < _kills; round++)
        {
            using DeviceServer server = new(_disk, _socket);
            using Process client = VerifiedWriter.Start(_socket, _next);
            Listen(client, _random.Next(0, 400));
            server.Kill();
            Drain(client);
            Assert.True(client.WaitForExit(_patience), $"round {round}: the client hangs");
            Assert.Equal(VerifiedWriter.DeviceLost, client.ExitCode);
            Assert.NotEqual("", client.StandardError.ReadToEnd());
            Verify(round);
        }
    }

    [Fact]
    public void ClientKilled_LosesNothingDurable_AndTheNextHasTheDevice()
    {
        using DeviceServer server = new(_disk, _socket);
        int descriptors = 0;
        int maps = 0;
        for (int round = 0; round < _kills; round++)
        {
            using Process client = VerifiedWriter.Start(_socket, _next);
            Listen(client, _random.Next(0, 400));
            if (round == 2)
            {
                descriptors = server.Descriptors;
                maps = server.Maps;
            }

            if (round == _kills - 1)
            {
                // In the middle of a client's life, as before.
                Assert.InRange(server.Descriptors, 0, descriptors + 4);
                Assert.InRange(server.Maps, 0, maps + 200);
            }

            client.Kill();
            Drain(client);
            client.WaitForExit();
        }

        Assert.True(server.IsRunning);
        Assert.Equal(0, server.End());
        Assert.Contains(server.Lines, line => line.Contains("has left the device", StringComparison.Ordinal));
        Verify(_kills);
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? int.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    // Hears that many acknowledgements, the first after the blocks were checked.
    private void Listen(Process client, int count)
    {
        for (int i = 0; i <= count; i++)
        {
            if (!Hear(client))
            {
                Assert.Fail($"the client ended: {client.StandardError.ReadToEnd()}");
            }
        }
    }

    private void Drain(Process client)
    {
        while (Hear(client))
        {
        }
    }

    private bool Hear(Process client)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        if (client.StandardOutput.BaseStream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) != bytes.Length)
        {
            return false;
        }

        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        ref ulong durable = ref _durable[number % VerifiedWriter.Blocks];
        durable = Math.Max(durable, number);

        // Past all that may be under way; a later writer's numbers are higher than an earlier one's.
        _next = Math.Max(_next, number + (2 * NvmeDriver.Depth));
        return true;
    }

    private void Verify(int round)
    {
        byte[] contents = File.ReadAllBytes(_disk);
        for (int block = 0; block < VerifiedWriter.Blocks; block++)
        {
            ulong number = VerifiedWriter.NumberIn(contents.AsSpan(block * NvmeDriver.Page, NvmeDriver.Page));
            Assert.True(number >= _durable[block], $"round {round}: block {block} holds {number}, but {_durable[block]} was durable");
            Assert.True(number < _next, $"round {round}: block {block} holds {number}, which nobody wrote");
        }
    }
}
