using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned;

/// <summary>
/// The ways from the device's messages to the guest's vectors. Where the engine can, a message's eventfd raises the vector
/// itself; else the relay passes it on. A vector is connected when the guest first uses it and stays so while it is
/// masked: what comes meanwhile is kept in the guest's pending bits.
/// </summary>
internal sealed class MessageRoutes : IDisposable
{
    private readonly Lock _lock = new();
    private readonly IAssignedDevice _device;
    private readonly AssignedInterrupt _kind;
    private readonly IMessageVectors _vectors;
    private readonly IInterruptEvents? _events;
    private readonly InterruptRelay _relay;
    private readonly EventFd[] _targets;
    private readonly IMessageEvent?[] _direct;
    private readonly bool[] _connected;
    private readonly Action<int> _raised;

    internal MessageRoutes(IAssignedDevice device, AssignedInterrupt kind, IMessageVectors vectors, DmaTarget dma, InterruptRelay relay)
    {
        _device = device;
        _kind = kind;
        _vectors = vectors;
        _events = dma.InterruptEvents;
        _relay = relay;
        _targets = new EventFd[vectors.Count];
        _direct = new IMessageEvent?[vectors.Count];
        _connected = new bool[vectors.Count];
        _raised = _vectors.Signal;
    }

    /// <summary>Whether the guest has chosen this kind.</summary>
    internal bool IsOn { get; private set; }

    /// <summary>Whether a message went past the relay, where it isn't counted.</summary>
    internal bool HasDirect { get; private set; }

    /// <summary>Connects all vectors that are wanted, neighbours in one request. False when the device refused one.</summary>
    /// <param name="isWanted">By vector.</param>
    internal bool TrySwitchOn(Func<int, bool> isWanted)
    {
        lock (_lock)
        {
            IsOn = true;
            bool done = true;
            for (int start = 0; start < _targets.Length; start++)
            {
                int end = start;
                while (end < _targets.Length && !_connected[end] && isWanted(end))
                {
                    end++;
                }

                if (end != start)
                {
                    done &= TryConnect(start, end - start);
                    start = end;
                }
            }

            return done;
        }
    }

    /// <summary>Connects one vector, if the kind is on and it isn't connected yet. False when the device refused.</summary>
    internal bool TryConnect(int vector)
    {
        lock (_lock)
        {
            return !IsOn || _connected[vector] || TryConnect(vector, 1);
        }
    }

    /// <summary>Disconnects all.</summary>
    internal void SwitchOff()
    {
        lock (_lock)
        {
            if (!IsOn)
            {
                return;
            }

            IsOn = false;
            _ = _device.TrySetInterrupts(_kind, 0, []);
            Array.Clear(_connected);
        }
    }

    /// <summary>Takes the eventfds away from the guest's vectors. The device has them no more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            for (int vector = 0; vector < _direct.Length; vector++)
            {
                if (_direct[vector] is { } route)
                {
                    _vectors.Detach(vector, route);
                    route.Dispose();
                    _targets[vector].Dispose();
                    _direct[vector] = null;
                }
            }
        }
    }

    private bool TryConnect(int start, int count)
    {
        for (int vector = start; vector < start + count; vector++)
        {
            _targets[vector] ??= AddTarget(vector);
        }

        if (!_device.TrySetInterrupts(_kind, start, _targets.AsSpan(start, count)))
        {
            return false;
        }

        _connected.AsSpan(start, count).Fill(true);
        return true;
    }

    private EventFd AddTarget(int vector)
    {
        if (_events is null)
        {
            return _relay.Add(_raised, vector);
        }

        EventFd signal = new();
        if (_events.AddMessage(signal) is not { } route)
        {
            signal.Dispose();
            return _relay.Add(_raised, vector);
        }

        _direct[vector] = route;
        HasDirect = true;
        _vectors.Attach(vector, route);
        return signal;
    }
}
