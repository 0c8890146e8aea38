using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// A served function's interrupts: each raises the eventfd that the client gave for it. The client shows its guest the
/// tables and masks, so those in the function's registers decide nothing. The pin raises once and then waits to be
/// unmasked, as VFIO has it.
/// </summary>
internal sealed unsafe class ServedInterrupts : IInterruptHost
{
    private const int Kinds = 5;
    private const int Pin = (int)AssignedInterrupt.Intx;
    private const uint Actions = IrqSetMessage.Mask | IrqSetMessage.Unmask | IrqSetMessage.Trigger;
    private const uint Forms = IrqSetMessage.DataNone | IrqSetMessage.DataBool | IrqSetMessage.DataEventFd;

    private readonly Lock _lock = new();
    private readonly PciFunction _function;
    private readonly EventFd?[][] _targets;
    private volatile bool _usesMessages;
    private bool _pinAsserted;
    private bool _pinMasked;

    internal ServedInterrupts(PciFunction function)
    {
        _function = function;
        (int msix, int msi, int pin) = function.InterruptCounts;
        _targets = [new EventFd?[pin], new EventFd?[msi], new EventFd?[msix], new EventFd?[1], new EventFd?[1]];
    }

    /// <inheritdoc/>
    public bool UsesMessages => _usesMessages;

    /// <inheritdoc/>
    public void Signal(int vector)
    {
        lock (_lock)
        {
            EventFd?[] messages = _targets[(int)AssignedInterrupt.Msix];
            EventFd? target = vector < messages.Length ? messages[vector] : null;
            messages = _targets[(int)AssignedInterrupt.Msi];
            target ??= vector < messages.Length ? messages[vector] : null;
            if (target is not null && _function.Dma.Granted)
            {
                _function.Counters.Interrupt();
                target.Signal();
            }
        }
    }

    /// <inheritdoc/>
    public void SetPin(bool asserted)
    {
        lock (_lock)
        {
            _pinAsserted = asserted;
            RaisePin();
        }
    }

    /// <summary>What interrupts of a kind there are; false for a kind that there isn't.</summary>
    internal bool TryDescribe(uint kind, out IrqInfoMessage info)
    {
        info = default;
        if (kind >= Kinds)
        {
            return false;
        }

        info = new IrqInfoMessage
        {
            ArgSize = 16,
            Index = kind,
            Count = (uint)_targets[kind].Length,
            Flags = IrqInfoMessage.CanSignal | (kind == Pin ? IrqInfoMessage.CanMask | IrqInfoMessage.MaskedWhenRaised : 0),
        };
        return true;
    }

    /// <summary>Carries a request out. Zero or an errno.</summary>
    internal int Set(ReceivedMessage message)
    {
        if (!message.TryRead(out IrqSetMessage set) || set.Index >= Kinds || !MakesSense(in set, message))
        {
            return Errno.Invalid;
        }

        EventFd?[] targets = _targets[set.Index];
        ReadOnlySpan<byte> flags = message.Body[sizeof(IrqSetMessage)..];
        Span<EventFd?> range = targets.AsSpan((int)set.Start, (int)set.Count);
        int result = ((set.Flags & Actions), (set.Flags & Forms)) switch
        {
            (IrqSetMessage.Trigger, IrqSetMessage.DataNone) when set.Count == 0 => Connect(null, targets),
            _ when set.Count == 0 => Errno.Invalid,
            (IrqSetMessage.Trigger, IrqSetMessage.DataEventFd) => Connect(message, range),
            (IrqSetMessage.Trigger, IrqSetMessage.DataNone) => Raise(range, default),
            (IrqSetMessage.Trigger, IrqSetMessage.DataBool) => Raise(range, flags),
            (IrqSetMessage.Mask or IrqSetMessage.Unmask, IrqSetMessage.DataNone or IrqSetMessage.DataBool) when set.Index == Pin && set.Count == 1 =>
                MaskPin((set.Flags & IrqSetMessage.Mask) != 0, (set.Flags & IrqSetMessage.DataNone) != 0 || flags[0] != 0),
            _ => Errno.Invalid,
        };
        FollowChoice();
        return result;
    }

    /// <summary>Disconnects all.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            foreach (EventFd?[] targets in _targets)
            {
                Replace(targets, []);
            }

            _pinMasked = false;
        }

        FollowChoice();
    }

    // A range that is there, and with it what its form says and nothing else.
    private bool MakesSense(in IrqSetMessage set, ReceivedMessage message)
    {
        uint there = (uint)_targets[set.Index].Length;
        int data = message.Body.Length - sizeof(IrqSetMessage);
        return set.ArgSize >= (uint)sizeof(IrqSetMessage)
            && (set.Flags & ~(Actions | Forms)) == 0
            && set.Start <= there
            && set.Count <= there - set.Start
            && (set.Count != 0 || set.Start == 0)
            && ((set.Flags & Forms) != IrqSetMessage.DataBool || (uint)data == set.Count)
            && ((set.Flags & Forms) == IrqSetMessage.DataEventFd || message.DescriptorCount == 0);
    }

    private static void Replace(Span<EventFd?> range, ReadOnlySpan<EventFd?> targets)
    {
        for (int i = 0; i < range.Length; i++)
        {
            range[i]?.Dispose();
            range[i] = i < targets.Length ? targets[i] : null;
        }
    }

    // No descriptor at all disconnects the range.
    private int Connect(ReceivedMessage? message, Span<EventFd?> range)
    {
        int count = message?.DescriptorCount ?? 0;
        if (count != 0 && count != range.Length)
        {
            return Errno.Invalid;
        }

        EventFd?[] targets = new EventFd?[count];
        for (int i = 0; i < count; i++)
        {
            SafeFileHandle? file = message!.TakeDescriptor(i);
            targets[i] = file is null ? null : EventFd.FromFile(file);
            if (targets[i] is null)
            {
                Replace(targets, []);
                return Errno.Invalid;
            }
        }

        lock (_lock)
        {
            Replace(range, targets);

            // Masking goes with the connection: who connects anew finds the pin unmasked, as with VFIO.
            _pinMasked &= _targets[Pin] is [not null];
            RaisePin();
        }

        return 0;
    }

    private int Raise(ReadOnlySpan<EventFd?> range, ReadOnlySpan<byte> chosen)
    {
        lock (_lock)
        {
            for (int i = 0; i < range.Length; i++)
            {
                if (chosen.IsEmpty || chosen[i] != 0)
                {
                    range[i]?.Signal();
                }
            }
        }

        return 0;
    }

    private int MaskPin(bool masked, bool isMeant)
    {
        lock (_lock)
        {
            if (isMeant)
            {
                _pinMasked = masked;
                RaisePin();
            }
        }

        return 0;
    }

    private void RaisePin()
    {
        if (_pinAsserted && !_pinMasked && _targets[Pin] is [{ } target])
        {
            _pinMasked = true;
            target.Signal();
        }
    }

    // Outside the lock: the function's comes before it.
    private void FollowChoice()
    {
        bool uses = _targets[(int)AssignedInterrupt.Msi].Concat(_targets[(int)AssignedInterrupt.Msix]).Any(target => target is not null);
        if (uses != _usesMessages)
        {
            _usesMessages = uses;
            _function.UpdatePin();
        }
    }
}
