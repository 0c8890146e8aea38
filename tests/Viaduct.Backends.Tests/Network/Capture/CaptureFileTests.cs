using System.Buffers.Binary;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Capture;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Capture;

public sealed class CaptureFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Frames_OfBothDirections_AreRecordsInOrderWithCompleteChecksums()
    {
        LoopNetwork loop = new() { Offloads = NetworkOffloads.All };
        byte[] sent = FrameMaker.Udp(4, [1, 2, 3]);
        byte[] received = FrameMaker.Tcp(6, new byte[3000]);
        using (CapturedBackend network = new(loop, CaptureFile.Create(_path, new ListLog())))
        using (FrameBuffer buffer = new())
        {
            INetworkQueue queue = network.OpenQueue();
            sent.CopyTo(buffer.Span);
            _ = queue.Send(FrameMaker.Offload(4, GsoType.None, 0, 0, tcp: false), [buffer.Segment(0, 20), buffer.Segment(20, sent.Length - 20)]);
            loop.Queue.Incoming.Enqueue((received, FrameMaker.Offload(6, GsoType.Tcp6, 1000, 0, tcp: true)));
            Assert.True(queue.TryReceive());
            loop.Queue.Room = 0;
            _ = queue.Send(default, [buffer.Segment(0, sent.Length)]);
            queue.Wait(NetworkInterest.None, TimeSpan.Zero);
            Assert.Equal(24 + 16 + sent.Length + 16 + received.Length, new FileInfo(_path).Length);
        }

        byte[] file = File.ReadAllBytes(_path);
        Assert.Equal(0xA1B23C4D, BinaryPrimitives.ReadUInt32LittleEndian(file));
        Assert.Equal((2, 4), (BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(4)), BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(6))));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(20)));
        List<byte[]> records = Records(file);
        Assert.Equal([sent.Length, received.Length], records.Select(record => record.Length));
        Assert.True(PlainChecksum.IsRight(records[0], 14, 34));
        Assert.True(PlainChecksum.IsRight(records[1], 14, 54));
        Assert.Equal(received[..70], records[1][..70]);
    }

    [Fact]
    public void Create_NoSuchFolder_SaysSo() =>
        Assert.Contains("pcap=/nowhere/at/all", Assert.Throws<NetworkOpenException>(() => CaptureFile.Create("/nowhere/at/all", new ListLog())).Message, StringComparison.Ordinal);

    [Fact]
    public void Add_DiskFull_EndsTheCaptureAndSaysSoOnce()
    {
        ListLog log = new();
        Assert.True(File.Exists("/dev/full"));
        using CaptureFile file = CaptureFile.Create("/dev/full", log);
        file.Add(new ReceivedFrame(new byte[60], default));
        file.Flush();
        log.Await("the capture ends here");
    }

    private static List<byte[]> Records(byte[] file)
    {
        List<byte[]> records = [];
        for (int at = 24; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8));
            Assert.Equal(length, BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 12)));
            records.Add(file[(at + 16)..(at + 16 + length)]);
            at += 16 + length;
        }

        return records;
    }
}
