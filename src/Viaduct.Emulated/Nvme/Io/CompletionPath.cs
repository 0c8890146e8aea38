using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Platform.Accounting;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// The end of every command: its entry in the completion queue, once there is room, and one interrupt for all entries
/// that a turn of the worker wrote to a queue. Worker only.
/// </summary>
internal sealed class CompletionPath
{
    private readonly CommandSlots _slots;
    private readonly QueueTable _queues;
    private readonly NvmeDoorbells _doorbells;
    private readonly ShadowDoorbells _shadow;
    private readonly InterruptPort _interrupts;
    private readonly NvmeRegisters _registers;
    private readonly ErrorLog _errors;
    private readonly InterruptCoalescing _coalescing;
    private readonly DeviceCounters _counters;
    private bool _headsAwaited;

    internal CompletionPath(
        CommandSlots slots,
        QueueTable queues,
        NvmeDoorbells doorbells,
        ShadowDoorbells shadow,
        InterruptPort interrupts,
        NvmeRegisters registers,
        ErrorLog errors,
        InterruptCoalescing coalescing,
        DeviceCounters counters)
    {
        _coalescing = coalescing;
        _slots = slots;
        _queues = queues;
        _doorbells = doorbells;
        _shadow = shadow;
        _interrupts = interrupts;
        _registers = registers;
        _errors = errors;
        _counters = counters;
    }

    /// <summary>Told when a completion queue's head is impossible.</summary>
    internal event Action? InvalidHead;

    /// <summary>Ends a command and frees its slot, now or when the host has made room.</summary>
    internal void Complete(int index, NvmeStatus status, uint result = 0)
    {
        ref CommandSlot slot = ref _slots[index];
        SubmissionQueue source = slot.Queue!;
        if (status != NvmeStatus.Success)
        {
            _errors.Add(source.Id, slot.CommandId, status, slot.NamespaceId, slot.Block);
        }

        CompletionQueue queue = source.Completion;
        if (queue.FirstWaiting < 0 && (!queue.Full || TakeHead(queue)))
        {
            Write(queue, index, status, result);
            return;
        }

        slot.Status = status;
        slot.Result = result;
        slot.Next = -1;
        if (queue.FirstWaiting < 0)
        {
            queue.FirstWaiting = index;
        }
        else
        {
            _slots[queue.LastWaiting].Next = index;
        }

        queue.LastWaiting = index;
    }

    /// <summary>Looks at the hosts' heads where somebody waits for them, and writes what found no room before. True when something was written.</summary>
    internal bool Advance()
    {
        bool worked = false;
        bool levels = _interrupts.UsesPin;
        bool awaited = _headsAwaited || levels;
        if (!awaited)
        {
            // Nobody waits as a rule; then the queues' heads needn't be looked at.
            foreach (CompletionQueue queue in _queues.Completion)
            {
                awaited |= queue.FirstWaiting >= 0;
            }
        }

        if (!awaited)
        {
            return false;
        }

        _headsAwaited = false;
        foreach (CompletionQueue queue in _queues.Completion)
        {
            bool wanted = levels || queue.FirstWaiting >= 0;
            _doorbells.Await(queue.Id, wanted);
            _headsAwaited |= wanted;
            TakeHead(queue);
            if (wanted && _shadow.Enabled && queue.Id != 0)
            {
                if (!_shadow.TryArmHead(queue.Id, queue.Head))
                {
                    _registers.SetFailed();
                    return true;
                }

                TakeHead(queue);
            }

            worked |= WriteWaiting(queue);
        }

        return worked;
    }

    /// <summary>Interrupts for what was written since the last time.</summary>
    internal void Notify()
    {
        bool levels = _interrupts.UsesPin;
        bool level = false;
        foreach (CompletionQueue queue in _queues.Completion)
        {
            if (levels)
            {
                // With the pin there is one vector, 0.
                level |= queue.Interrupts && queue.Outstanding != 0;
            }
            else if (queue.Unannounced != 0 && queue.Interrupts)
            {
                Announce(queue);
            }

            queue.Unannounced = 0;
        }

        while (!levels && _coalescing.TryTakeDue(out int vector))
        {
            _interrupts.Signal(vector);
        }

        _interrupts.SetPin(level && (_registers.InterruptMask & 1) == 0);
    }

    /// <summary>Forgets what waits; the pin falls.</summary>
    internal void Clear()
    {
        _coalescing.Clear();
        _headsAwaited = false;
        _interrupts.SetPin(false);
    }

    private void Announce(CompletionQueue queue)
    {
        if (queue.Id == 0)
        {
            // Coalescing is for I/O queues; an I/O queue that shares the vector profits.
            _coalescing.Forget(queue.Vector);
        }
        else if (_coalescing.Hold(queue.Vector, queue.Unannounced))
        {
            return;
        }

        _interrupts.Signal(queue.Vector);
    }

    private bool WriteWaiting(CompletionQueue queue)
    {
        bool worked = false;
        while (queue.FirstWaiting >= 0 && !queue.Full)
        {
            int index = queue.FirstWaiting;
            ref CommandSlot slot = ref _slots[index];
            queue.FirstWaiting = slot.Next;
            Write(queue, index, slot.Status, slot.Result);
            worked = true;
        }

        return worked;
    }

    private void Write(CompletionQueue queue, int index, NvmeStatus status, uint result)
    {
        ref CommandSlot slot = ref _slots[index];
        SubmissionQueue source = slot.Queue!;
        if (!queue.TryWrite(result, source, slot.CommandId, status))
        {
            // There is no way left to tell the host of this command (CSTS.CFS, NVMe 1.4, 9.5).
            _registers.SetFailed();
        }

        _counters.Request();
        _counters.DmaWritten(CompletionEntry.Size);
        source.InFlight--;
        _slots.Release(index);
        if (source.DeletedBy >= 0 && source.InFlight == 0)
        {
            int deletion = source.DeletedBy;
            _queues.Remove(source);
            Complete(deletion, NvmeStatus.Success);
        }
    }

    /// <summary>Takes the host's head of a queue. True when there is room in it now.</summary>
    private bool TakeHead(CompletionQueue queue)
    {
        int head = _doorbells.Head(queue.Id);
        if (_shadow.Enabled && queue.Id != 0 && !_shadow.TryReadHead(queue.Id, out head))
        {
            _registers.SetFailed();
            return false;
        }

        if (head != queue.Head && !queue.TryAdvance(head))
        {
            InvalidHead?.Invoke();
        }

        return !queue.Full;
    }
}
