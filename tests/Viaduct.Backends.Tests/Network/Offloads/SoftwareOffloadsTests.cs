using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Backends.Network.Offloads;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Offloads;

public sealed class SoftwareOffloadsTests : IDisposable
{
    private readonly FrameBuffer _buffer = new();

    public void Dispose() => _buffer.Dispose();

    [Fact]
    public void Send_BackendTakesIt_PassesFrameAndHeaderAsTheyAre()
    {
        LoopNetwork network = new() { Offloads = NetworkOffloads.All };
        byte[] frame = FrameMaker.Tcp(4, new byte[5000]);
        OffloadHeader offload = FrameMaker.Offload(4, GsoType.Tcp4, 1000, 66, tcp: true);
        Assert.Equal(SendStatus.Sent, Send(network, frame, offload));
        Assert.Equal(frame, Assert.Single(network.Queue.Sent).Bytes);
        Assert.Equal(offload, network.Queue.Sent[0].Offload);
    }

    [Fact]
    public void Send_BackendHasNoOffloads_SendsCompleteFrames()
    {
        LoopNetwork network = new();
        Assert.Equal(SendStatus.Sent, Send(network, FrameMaker.Tcp(6, new byte[5000]), FrameMaker.Offload(6, GsoType.Tcp6, 1200, 0, tcp: true)));
        Assert.Equal(5, network.Queue.Sent.Count);
        Assert.All(network.Queue.Sent, each => Assert.True(each.Offload.IsComplete && PlainChecksum.IsRight(each.Bytes, 14, 54)));
    }

    [Fact]
    public void Send_BackendFullInTheMiddle_KeepsTheRestAndSendsItBeforeTheNext()
    {
        LoopNetwork network = new();
        network.Queue.Room = 2;
        INetworkQueue queue = new SoftwareOffloads(network).OpenQueue();
        OffloadHeader offload = FrameMaker.Offload(4, GsoType.Tcp4, 1000, 0, tcp: true);
        Assert.Equal(SendStatus.Sent, Send(queue, FrameMaker.Tcp(4, new byte[4000]), offload));
        Assert.Equal(SendStatus.Full, Send(queue, FrameMaker.Udp(4, [1, 2, 3]), default));
        network.Queue.Room = 1;
        queue.Wait(NetworkInterest.None, TimeSpan.Zero);
        Assert.Equal(NetworkInterest.Send, network.Queue.LastInterest);
        network.Queue.Room = 9;
        Assert.Equal(SendStatus.Sent, Send(queue, FrameMaker.Udp(4, [1, 2, 3]), default));
        Assert.Equal([1066, 1066, 1066, 1066, 45], network.Queue.Sent.Select(each => each.Bytes.Length));
    }

    [Fact]
    public void Send_HeaderThatDoesNotFit_IsRefused()
    {
        LoopNetwork network = new();
        byte[] frame = FrameMaker.Udp(4, [1, 2, 3]);
        OffloadHeader outside = new() { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 40, ChecksumOffset = 6 };
        OffloadHeader unknown = new() { Flags = OffloadFlags.NeedsChecksum, Gso = (GsoType)3, SegmentSize = 100 };
        Assert.Equal(SendStatus.Malformed, Send(network, frame, outside));
        Assert.Equal(SendStatus.Malformed, Send(network, frame, unknown));
        Assert.Equal(SendStatus.Malformed, Send(network, frame[..13], default));
        Assert.Empty(network.Queue.Sent);
    }

    [Fact]
    public void Receive_DeviceTakesNothing_GetsCompleteFrames()
    {
        LoopNetwork network = new();
        INetworkQueue queue = new SoftwareOffloads(network).OpenQueue();
        network.Queue.Incoming.Enqueue((FrameMaker.Udp(4, [1, 2]), FrameMaker.Offload(4, GsoType.None, 0, 0, tcp: false)));
        network.Queue.Incoming.Enqueue((FrameMaker.Tcp(4, new byte[2500]), FrameMaker.Offload(4, GsoType.Tcp4, 1000, 0, tcp: true)));
        network.Queue.Incoming.Enqueue((FrameMaker.Udp(4, [3]), new OffloadHeader { Flags = OffloadFlags.DataValid }));
        List<int> lengths = [];
        for (int i = 0; queue.TryReceive(); i++)
        {
            Assert.Equal(default, queue.Received.Offload);
            Assert.True(i == 4 || PlainChecksum.IsRight(queue.Received.Bytes, 14, 34));
            lengths.Add(queue.Received.Bytes.Length);
        }

        Assert.Equal([44, 1066, 1066, 566, 43], lengths);
    }

    [Fact]
    public void Receive_DeviceTakesIt_GetsTheFrameAsItCame()
    {
        LoopNetwork network = new();
        SoftwareOffloads backend = new(network);
        INetworkQueue queue = backend.OpenQueue();
        backend.AcceptOffloads(NetworkOffloads.All);
        OffloadHeader offload = FrameMaker.Offload(4, GsoType.Tcp4, 1000, 0, tcp: true);
        network.Queue.Incoming.Enqueue((FrameMaker.Tcp(4, new byte[2500]), offload));
        Assert.True(queue.TryReceive());
        Assert.Equal(offload, queue.Received.Offload);
        Assert.Equal(NetworkOffloads.All, network.Accepted);
    }

    [Fact]
    public void Receive_HostileHeader_IsPassedOverAndCounted()
    {
        LoopNetwork network = new();
        SoftwareOffloads backend = new(network);
        INetworkQueue queue = backend.OpenQueue();
        network.Queue.Incoming.Enqueue((new byte[60], new OffloadHeader { Flags = OffloadFlags.NeedsChecksum, ChecksumStart = 65535, ChecksumOffset = 65535 }));
        network.Queue.Incoming.Enqueue((new byte[60], new OffloadHeader { Flags = OffloadFlags.NeedsChecksum, Gso = GsoType.Udp, SegmentSize = 9 }));
        network.Queue.Incoming.Enqueue((FrameMaker.Udp(4, [3]), default));
        Assert.True(queue.TryReceive());
        Assert.Equal(43, queue.Received.Bytes.Length);
        Assert.Equal(2, backend.Malformed);
    }

    private SendStatus Send(LoopNetwork network, byte[] frame, in OffloadHeader offload) =>
        Send(new SoftwareOffloads(network).OpenQueue(), frame, offload);

    private SendStatus Send(INetworkQueue queue, byte[] frame, in OffloadHeader offload)
    {
        frame.CopyTo(_buffer.Span);
        return queue.Send(offload, [_buffer.Segment(0, 10), _buffer.Segment(10, frame.Length - 10)]);
    }
}
