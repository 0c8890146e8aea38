using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned;

/// <summary>
/// The ways from the device's messages to the guest's vectors. A vector is connected when the guest first uses it and
/// stays so while it is masked: what comes meanwhile is kept in the guest's pending bits.
/// </summary>
internal sealed class MessageRoutes
{
    private readonly Lock _lock = new();
    private readonly IAssignedDevice _device;
    private readonly AssignedInterrupt _kind;
    private readonly IInterruptVectors _vectors;
    private readonly InterruptRelay _relay;
    private readonly EventFd[] _targets;
    private readonly bool[] _connected;
    private readonly Action<int> _raised;

    internal MessageRoutes(IAssignedDevice device, AssignedInterrupt kind, IInterruptVectors vectors, InterruptRelay relay)
    {
        _device = device;
        _kind = kind;
        _vectors = vectors;
        _relay = relay;
        _targets = new EventFd[vectors.Count];
        _connected = new bool[vectors.Count];
        _raised = _vectors.Signal;
    }

    /// <summary>Whether the guest has chosen this kind.</summary>
    internal bool IsOn { get; private set; }

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

    private bool TryConnect(int start, int count)
    {
        for (int vector = start; vector < start + count; vector++)
        {
            _targets[vector] ??= _relay.Add(_raised, vector);
        }

        if (!_device.TrySetInterrupts(_kind, start, _targets.AsSpan(start, count)))
        {
            return false;
        }

        _connected.AsSpan(start, count).Fill(true);
        return true;
    }
}
