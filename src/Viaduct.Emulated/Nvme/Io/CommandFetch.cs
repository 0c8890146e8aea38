using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Nvme.Sharing;
using Viaduct.Platform.Accounting;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// The beginning of every command: tails from doorbells or their shadows, and entries from the queues in turn, as many
/// as there are slots for. Worker only.
/// </summary>
internal sealed class CommandFetch
{
    private readonly CommandSlots _slots;
    private readonly QueueTable _queues;
    private readonly NvmeDoorbells _doorbells;
    private readonly ShadowDoorbells _shadow;
    private readonly NvmeRegisters _registers;
    private readonly AdminCommands _admin;
    private readonly IoCommands _io;
    private readonly ControllerSeat _seat;
    private readonly RateLimiter _limiter;
    private readonly DeviceCounters _counters;
    private int _turn;

    internal CommandFetch(
        CommandSlots slots,
        QueueTable queues,
        NvmeDoorbells doorbells,
        ShadowDoorbells shadow,
        NvmeRegisters registers,
        AdminCommands admin,
        IoCommands io,
        ControllerSeat seat,
        RateLimiter limiter,
        DeviceCounters counters)
    {
        _slots = slots;
        _queues = queues;
        _doorbells = doorbells;
        _shadow = shadow;
        _registers = registers;
        _admin = admin;
        _io = io;
        _seat = seat;
        _limiter = limiter;
        _counters = counters;
    }

    /// <summary>Fetches and begins commands, a burst from each queue. True when there were any.</summary>
    internal bool Fetch()
    {
        bool worked = false;
        // A snapshot: the commands themselves create and delete queues.
        ReadOnlySpan<SubmissionQueue> queues = _queues.Submission;
        _turn = _turn + 1 < queues.Length ? _turn + 1 : 0;
        for (int i = 0; i < queues.Length && !_registers.Failed; i++)
        {
            SubmissionQueue queue = queues[(_turn + i) % queues.Length];
            if (queue.DeletedBy < 0 && _queues.FindSubmission((uint)queue.Id) == queue && UpdateTail(queue))
            {
                worked |= FetchFrom(queue);
            }
        }

        return worked;
    }

    /// <summary>
    /// Before the worker sleeps: asks the host to ring for what it puts into the queues with shadow doorbells. True when
    /// it has put something there meanwhile, and there is work after all.
    /// </summary>
    internal bool ArmShadow()
    {
        if (!_shadow.Enabled)
        {
            return false;
        }

        bool more = false;
        foreach (SubmissionQueue queue in _queues.Submission)
        {
            if (queue.IsAdmin || queue.ArmedAt == queue.Tail)
            {
                continue;
            }

            int tail = queue.Tail;
            if (!_shadow.TryArmTail(queue.Id, tail) || !UpdateTail(queue))
            {
                _registers.SetFailed();
                return true;
            }

            queue.ArmedAt = tail;
            more |= queue.Tail != tail;
        }

        return more;
    }

    /// <summary>Learns how far the host has filled a queue. False when its shadow isn't memory any more.</summary>
    private bool UpdateTail(SubmissionQueue queue)
    {
        int tail = _doorbells.Tail(queue.Id);
        if (_shadow.Enabled && !queue.IsAdmin)
        {
            if (!_shadow.TryReadTail(queue.Id, out tail))
            {
                _registers.SetFailed();
                return false;
            }
        }

        // A shadow can hold anything.
        if ((uint)tail < (uint)queue.Entries)
        {
            queue.Tail = tail;
        }

        return true;
    }

    private bool FetchFrom(SubmissionQueue queue)
    {
        int count = 0;
        int reserve = queue.IsAdmin ? 0 : NvmeLimits.AdminCommands;
        while (!queue.Empty
            && count < NvmeLimits.FetchBurst
            && _slots.Free > reserve
            && queue.Completion.FirstWaiting < 0
            && queue.DeletedBy < 0
            && (queue.IsAdmin || _limiter.MayBegin(_seat.Limit)))
        {
            if (!queue.TryFetch(out SubmissionEntry entry))
            {
                _registers.SetFailed();
                return true;
            }

            count++;
            queue.InFlight++;
            int index = _slots.Take(queue, in entry);
            if (queue.IsAdmin)
            {
                _admin.Start(index, in entry);
            }
            else
            {
                _limiter.Began();
                _io.Start(index, in entry);
            }
        }

        if (count != 0)
        {
            _counters.DmaRead((ulong)count * SubmissionEntry.Size);
        }

        return count != 0;
    }
}
