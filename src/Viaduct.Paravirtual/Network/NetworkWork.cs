using System.Diagnostics;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Paravirtual.Network.Steering;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Workers;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Network;

/// <summary>
/// The frames of one or more queue pairs, over one queue of the network (virtio 1.2, 5.1.6). Of n workers the m-th has
/// pairs m, m + n, and so on; what it receives for another's pair goes through that one's inbox.
/// </summary>
internal sealed class NetworkWork : QueueWork
{
    private const int ReceiveBatch = 256;

    private readonly INetworkQueue _network;
    private readonly NetworkSettings _settings;
    private readonly DeviceCounters _device;
    private readonly ReceiveSide[] _receive;
    private readonly TransmitSide _transmit;
    private readonly InterruptDelay[] _delays;
    private readonly FrameBuffer _passedOn = new();
    private readonly FrameInbox _inbox = new();
    private readonly int _index;
    private NetworkWork[] _all = [];
    private Pending _pending;
    private int _pendingSide;
    private FlowHash _pendingHash;
    private OffloadHeader _passedOffload;
    private int _passedLength;

    /// <param name="network">The network's queue; disposed with this.</param>
    /// <param name="settings">The device's.</param>
    /// <param name="device">Where requests are counted.</param>
    /// <param name="index">Which worker it is.</param>
    /// <param name="pairs">The pairs that it has.</param>
    internal NetworkWork(INetworkQueue network, NetworkSettings settings, DeviceCounters device, int index, int pairs)
        : base(2 * pairs)
    {
        _network = network;
        _settings = settings;
        _device = device;
        _index = index;
        NetworkCounters counters = device.AddNetworkQueue($"queue {index}");
        Counters = counters;
        _receive = new ReceiveSide[pairs];
        _delays = new InterruptDelay[2 * pairs];
        for (int i = 0; i < pairs; i++)
        {
            _receive[i] = new ReceiveSide(settings, counters);
            _delays[2 * i] = new InterruptDelay();
            _delays[(2 * i) + 1] = new InterruptDelay();
        }

        _transmit = new TransmitSide(network, settings, counters);
    }

    /// <summary>Where a frame is that found no buffers yet.</summary>
    private enum Pending
    {
        None,
        Network,
        Inbox,
    }

    /// <summary>The frames of its queue.</summary>
    internal NetworkCounters Counters { get; }

    /// <summary>Says who else there is. Once, before it runs.</summary>
    internal void Join(NetworkWork[] all) => _all = all;

    /// <summary>How a queue's interrupts are held back: the receive queue's of the n-th pair at 2 n, its transmit queue's behind.</summary>
    internal InterruptDelay DelayOf(int slot) => _delays[slot];

    internal override EventFd? Bell => _network.Bell;

    public override void Sleep()
    {
        NetworkInterest interest = _transmit.IsBlocked ? NetworkInterest.Send : NetworkInterest.None;
        if (_pending == Pending.None && Receives())
        {
            interest |= NetworkInterest.Receive;
        }

        _network.Wait(interest, UntilInterrupt());
        if (_network.TakeRings() is var rings and not 0)
        {
            _device.Doorbells(rings);
        }
    }

    public override void Wake() => _network.Wake();

    public override void Dispose()
    {
        base.Dispose();
        _network.Dispose();
        _transmit.Dispose();
        _passedOn.Dispose();
        _inbox.Dispose();
    }

    protected override int Held(int slot) => IsReceive(slot) ? _receive[slot / 2].Held : 0;

    protected override bool Wants(int slot) =>
        IsReceive(slot) ? _pending != Pending.None && _pendingSide == slot / 2 : !_transmit.IsBlocked;

    protected override bool MaySignal(int slot) => _delays[slot].IsOver();

    protected override bool Complete()
    {
        for (int side = 0; side < _receive.Length; side++)
        {
            if (StoppingQueue(2 * side) is { } queue)
            {
                _receive[side].GiveBack(queue);
                _pending = _pendingSide == side ? Pending.None : _pending;
            }
        }

        bool worked = _pending != Pending.None && TryDeliverPending();
        if (_pending != Pending.None || !Receives())
        {
            return worked;
        }

        worked |= TakeFromOthers();
        for (int budget = ReceiveBatch; budget > 0 && _pending == Pending.None && _network.TryReceive(); budget--)
        {
            worked = true;
            Receive(_network.Received);
        }

        return worked;
    }

    protected override bool Serve(int slot, VirtQueue queue)
    {
        if (IsReceive(slot))
        {
            return false;
        }

        int sent = _transmit.Serve(queue, PairOf(slot / 2));
        for (int i = 0; i < sent; i++)
        {
            _delays[slot].Count();
            _device.Request();
        }

        return sent != 0;
    }

    private static bool IsReceive(int slot) => slot % 2 == 0;

    private int PairOf(int side) => _index + (side * _all.Length);

    /// <summary>Whether a driver takes frames from here at all; else they stay where they are.</summary>
    private bool Receives()
    {
        for (int side = 0; side < _receive.Length; side++)
        {
            if (ServedQueue(2 * side) is { Error: QueueError.None })
            {
                return true;
            }
        }

        return false;
    }

    private void Receive(ReceivedFrame frame)
    {
        _device.BackendOperation((ulong)frame.Bytes.Length);
        if (frame.Bytes.Length < FrameLimits.EthernetHeader)
        {
            Counters.Dropped(DropReason.Malformed);
            return;
        }

        if (!_settings.Filter.Wants(frame.Bytes))
        {
            Counters.Dropped(DropReason.Filtered);
            return;
        }

        int pair = _settings.Steering.Choose(frame.Bytes, out FlowHash hash);
        NetworkWork owner = _all[pair % _all.Length];
        if (owner == this)
        {
            _ = TryDeliver(pair / _all.Length, Pending.Network, frame, hash);
        }
        else if (owner._inbox.TryAdd(pair, hash, frame))
        {
            owner.Wake();
        }
        else
        {
            Counters.Dropped(DropReason.NoBuffer);
        }
    }

    private bool TakeFromOthers()
    {
        bool worked = false;
        while (_pending == Pending.None && !_inbox.IsEmpty)
        {
            worked = _inbox.TryTake(_passedOn.Span, out int pair, out FlowHash hash, out _passedOffload, out _passedLength);
            if (worked)
            {
                _ = TryDeliver(pair / _all.Length, Pending.Inbox, PassedOn, hash);
            }
        }

        return worked;
    }

    private ReceivedFrame PassedOn => new(_passedOn.Span[.._passedLength], _passedOffload);

    private bool TryDeliverPending() =>
        TryDeliver(_pendingSide, _pending, _pending == Pending.Network ? _network.Received : PassedOn, _pendingHash);

    /// <summary>False when the frame waits for buffers. With several pairs none waits: the others' frames would wait behind it.</summary>
    private bool TryDeliver(int side, Pending from, ReceivedFrame frame, FlowHash hash)
    {
        _pending = Pending.None;
        if (ServedQueue(2 * side) is not { Error: QueueError.None } queue)
        {
            Counters.Dropped(DropReason.NoBuffer);
            return true;
        }

        if (_receive[side].TryPut(queue, frame, hash, mayWait: _receive.Length == 1, out bool waits))
        {
            _delays[2 * side].Count();
            _device.Request();
        }

        if (waits)
        {
            _pending = from;
            _pendingSide = side;
            _pendingHash = hash;
        }

        return !waits;
    }

    private TimeSpan UntilInterrupt()
    {
        long due = long.MaxValue;
        foreach (InterruptDelay delay in _delays)
        {
            due = delay.Due == 0 ? due : Math.Min(due, delay.Due);
        }

        if (due == long.MaxValue)
        {
            return Timeout.InfiniteTimeSpan;
        }

        long left = due - Stopwatch.GetTimestamp();
        return left <= 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(0, left);
    }
}
