using System.Buffers.Binary;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;

namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>A card that a test drives by hand: sends frames of its address, and waits for some.</summary>
internal sealed class Station : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly FrameBuffer _buffer = new();
    private readonly object _lock = new();
    private int _downs;

    internal Station(INetworkBackend network, ulong address)
    {
        Network = network;
        Network.LinkChanged += OnLinkChanged;
        Queue = network.OpenQueue();
        Address = new MacAddress(address);
    }

    internal INetworkBackend Network { get; }

    internal INetworkQueue Queue { get; }

    internal MacAddress Address { get; }

    public void Dispose()
    {
        Network.LinkChanged -= OnLinkChanged;
        Queue.Dispose();
        Network.Dispose();
        _buffer.Dispose();
    }

    /// <summary>Waits until the link is as it should be.</summary>
    internal void AwaitLink(bool up) => Await(() => Network.LinkUp == up);

    /// <summary>Waits until the link has been down and is up again.</summary>
    internal void AwaitReconnection() => Await(() => _downs > 0 && Network.LinkUp);

    /// <summary>Makes a frame of one byte over and over, and a number.</summary>
    internal byte[] Frame(MacAddress to, int number = 0, int length = 60, int? vlan = null)
    {
        byte[] frame = new byte[length];
        frame.AsSpan().Fill((byte)number);
        to.Write(frame);
        Address.Write(frame.AsSpan(6));
        int at = 12;
        if (vlan is { } tag)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x8100);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(14), (ushort)tag);
            at = 16;
        }

        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(at), 0x88B5);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(at + 2), number);
        return frame;
    }

    internal SendStatus TrySend(ReadOnlySpan<byte> frame, OffloadHeader offload = default)
    {
        frame.CopyTo(_buffer.Span);
        SendStatus status = Queue.Send(offload, [_buffer.Segment(0, 14), _buffer.Segment(14, frame.Length - 14)]);
        Queue.Flush();
        return status;
    }

    /// <summary>Sends a frame, once there is room.</summary>
    internal void Send(ReadOnlySpan<byte> frame, OffloadHeader offload = default)
    {
        long began = Environment.TickCount64;
        while (true)
        {
            SendStatus status = TrySend(frame, offload);
            if (status == SendStatus.Sent)
            {
                return;
            }

            Assert.Equal(SendStatus.Full, status);
            Assert.True(Environment.TickCount64 - began < _patience.TotalMilliseconds, "there never is room");
            Queue.Wait(NetworkInterest.Send, _patience);
        }
    }

    /// <summary>Waits for the next frame.</summary>
    internal byte[] Receive()
    {
        long began = Environment.TickCount64;
        while (!Queue.TryReceive())
        {
            Assert.True(Environment.TickCount64 - began < _patience.TotalMilliseconds, "no frame came");
            Queue.Wait(NetworkInterest.Receive, _patience);
        }

        return Queue.Received.Bytes.ToArray();
    }

    /// <summary>Waits for a frame that something is true of, past others.</summary>
    internal byte[] Receive(Func<byte[], bool> wanted)
    {
        while (true)
        {
            byte[] frame = Receive();
            if (wanted(frame))
            {
                return frame;
            }
        }
    }

    private void OnLinkChanged()
    {
        lock (_lock)
        {
            _downs += Network.LinkUp ? 0 : 1;
            Monitor.PulseAll(_lock);
        }
    }

    private void Await(Func<bool> condition)
    {
        lock (_lock)
        {
            while (!condition())
            {
                Assert.True(Monitor.Wait(_lock, _patience), "the link stays as it is");
            }
        }
    }
}
