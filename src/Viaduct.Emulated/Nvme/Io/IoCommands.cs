using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Emulated.Nvme.Sharing;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// The commands of the NVM command set (NVMe 1.4, 6): what each asks of the disk, and what follows when the disk has
/// done it. Worker only.
/// </summary>
internal sealed class IoCommands
{
    private const uint ForceUnitAccess = 1u << 30;
    private const uint Deallocate = 1u << 25;
    private const uint DirectiveType = 0xFu << 20;

    private readonly CommandSlots _slots;
    private readonly NamespaceTable _namespaces;
    private readonly TransferMap _map;
    private readonly ReadTargets _targets;
    private readonly BackendRequests _backend;
    private readonly CompletionPath _completions;
    private readonly SmartCounters _smart;
    private readonly BufferedCommands _buffered;
    private readonly FormatCommand _format;
    private readonly ControllerSeat _seat;
    private readonly RateLimiter _limiter;
    private readonly ReservationCommands? _reservations;
    private readonly NamespaceCommands? _management;

    internal IoCommands(
        CommandSlots slots,
        NamespaceTable namespaces,
        TransferMap map,
        BackendRequests backend,
        CompletionPath completions,
        SmartCounters smart,
        BufferedCommands buffered,
        FormatCommand format,
        ControllerSeat seat,
        RateLimiter limiter,
        ReservationCommands? reservations,
        NamespaceCommands? management)
    {
        _slots = slots;
        _namespaces = namespaces;
        _map = map;
        _targets = new ReadTargets(map);
        _backend = backend;
        _completions = completions;
        _smart = smart;
        _buffered = buffered;
        _format = format;
        _seat = seat;
        _limiter = limiter;
        _reservations = reservations;
        _management = management;
    }

    /// <summary>Volatile Write Cache (feature 06h): when off, every write is durable before it completes.</summary>
    internal bool WriteCache { get; set; } = true;

    /// <summary>Begins a command from an I/O queue, and completes it if it ends at once.</summary>
    internal void Start(int index, in SubmissionEntry entry)
    {
        _smart.Begin();
        CommandOutcome outcome = Judge(index, in entry);
        if (!outcome.Continues)
        {
            Finish(index, outcome.Status);
        }
    }

    /// <summary>A request of a command came back from the disk.</summary>
    /// <param name="index">The command's slot.</param>
    /// <param name="error">Zero or the host's errno.</param>
    internal void Continue(int index, int error)
    {
        ref CommandSlot slot = ref _slots[index];
        slot.Requests--;
        if (error != 0 && slot.Status == NvmeStatus.Success)
        {
            slot.Status = Translate(error, slot.Kind);
        }

        if (slot.Requests != 0)
        {
            return;
        }

        if (slot.Kind == CommandKind.Read && slot.Buffer < 0)
        {
            // Of one that failed, too, part may be written.
            _targets.NoteWritten(index);
        }

        CommandOutcome outcome = slot.Status != NvmeStatus.Success ? slot.Status : NextStep(index, ref slot);
        if (!outcome.Continues)
        {
            Finish(index, outcome.Status, outcome.Result);
        }
    }

    /// <summary>Ends a command that still waits for a buffer. False when there is no such one.</summary>
    internal bool TryAbort(int queue, ushort commandId)
    {
        for (int index = 0; index < _slots.Count; index++)
        {
            ref CommandSlot slot = ref _slots[index];
            if (slot.Queue?.Id == queue && slot.CommandId == commandId && _buffered.TryRemove(index))
            {
                Finish(index, NvmeStatus.AbortRequested);
                return true;
            }
        }

        return false;
    }

    private static NvmeStatus Translate(int errno, CommandKind kind)
    {
        const int NoSpace = 28;
        const int ReadOnlyFileSystem = 30;
        const int QuotaExceeded = 122;
        return errno switch
        {
            NoSpace or QuotaExceeded => NvmeStatus.CapacityExceeded,
            ReadOnlyFileSystem => NvmeStatus.NamespaceWriteProtected,
            _ => kind is CommandKind.Read or CommandKind.Compare ? NvmeStatus.UnrecoveredReadError : NvmeStatus.WriteFault,
        };
    }

    private CommandOutcome Judge(int index, in SubmissionEntry entry)
    {
        IoOpcode opcode = (IoOpcode)entry.Opcode;
        bool reserves = opcode is IoOpcode.ReservationRegister or IoOpcode.ReservationReport or IoOpcode.ReservationAcquire or IoOpcode.ReservationRelease;
        if (opcode is not (IoOpcode.Flush or IoOpcode.Write or IoOpcode.Read or IoOpcode.Compare or IoOpcode.WriteZeroes or IoOpcode.DatasetManagement)
            && !(reserves && _reservations is not null))
        {
            return NvmeStatus.InvalidOpcode;
        }

        if (entry.Fuse != 0)
        {
            // FUSES announces no fused operation.
            return NvmeStatus.InvalidField;
        }

        if (opcode == IoOpcode.Flush)
        {
            return StartFlush(index, entry.NamespaceId);
        }

        NvmeNamespace? target = _namespaces.Find(entry.NamespaceId);
        if (target is null)
        {
            return _namespaces.Missing(entry.NamespaceId);
        }

        if (reserves)
        {
            return _reservations!.Start(index, opcode, target.Core, in entry);
        }

        NvmeStatus status = JudgeAccess(target, writes: opcode is not (IoOpcode.Read or IoOpcode.Compare));
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        ref CommandSlot slot = ref _slots[index];
        slot.Namespace = target;
        if (opcode == IoOpcode.DatasetManagement)
        {
            return _buffered.StartDatasetManagement(index, in entry);
        }

        slot.Block = entry.StartingBlock;
        return StartRange(index, opcode, target, in entry);
    }

    private CommandOutcome StartFlush(int index, uint namespaceId)
    {
        ref CommandSlot slot = ref _slots[index];
        slot.Kind = CommandKind.Flush;
        NvmeNamespace? target = _namespaces.Find(namespaceId);
        if (target is not null)
        {
            NvmeStatus status = JudgeAccess(target, writes: true);
            return status != NvmeStatus.Success ? status : _backend.Submit(index, target, BlockOperation.Flush, 0, 0);
        }

        if (namespaceId != NamespaceTable.Broadcast)
        {
            return _namespaces.Missing(namespaceId);
        }

        foreach (NvmeNamespace each in _namespaces.All)
        {
            if (!each.Core.Reservations.Permits(_seat.Host, writes: true))
            {
                return NvmeStatus.ReservationConflict;
            }
        }

        IBlockQueue? last = null;
        foreach (NvmeNamespace each in _namespaces.All)
        {
            // One flush does for all that lie on a disk; mostly they stand together.
            CommandOutcome outcome = each.Queue == last ? CommandOutcome.Pending : _backend.Submit(index, each, BlockOperation.Flush, 0, 0);
            last = each.Queue;
            if (!outcome.Continues)
            {
                slot.Status = outcome.Status;
            }
        }

        return slot.Requests != 0 ? CommandOutcome.Pending : slot.Status;
    }

    private NvmeStatus JudgeAccess(NvmeNamespace target, bool writes) =>
        target.Core.Formatting ? NvmeStatus.FormatInProgress
        : !target.Core.Reservations.Permits(_seat.Host, writes) ? NvmeStatus.ReservationConflict
        : NvmeStatus.Success;

    private CommandOutcome StartRange(int index, IoOpcode opcode, NvmeNamespace target, in SubmissionEntry entry)
    {
        uint blocks = entry.Blocks;
        if (opcode != IoOpcode.WriteZeroes && (ulong)blocks << target.BlockShift > NvmeLimits.TransferBytes)
        {
            return NvmeStatus.InvalidField;
        }

        if (!target.Contains(entry.StartingBlock, blocks))
        {
            return NvmeStatus.LbaOutOfRange;
        }

        if (opcode is IoOpcode.Write or IoOpcode.WriteZeroes && target.Disk.ReadOnly)
        {
            return NvmeStatus.NamespaceWriteProtected;
        }

        if (opcode == IoOpcode.Write && (entry.Dword12 & DirectiveType) != 0)
        {
            // OACS announces no directives.
            return NvmeStatus.InvalidField;
        }

        ref CommandSlot slot = ref _slots[index];
        slot.Durable = (entry.Dword12 & ForceUnitAccess) != 0 || !WriteCache;
        ulong offset = entry.StartingBlock << target.BlockShift;
        ulong length = (ulong)blocks << target.BlockShift;
        switch (opcode)
        {
            case IoOpcode.WriteZeroes:
                slot.Kind = CommandKind.WriteZeroes;
                bool unmap = (entry.Dword12 & Deallocate) != 0;
                return _backend.Submit(index, target, unmap ? BlockOperation.WriteZeroesUnmap : BlockOperation.WriteZeroes, offset, length);
            case IoOpcode.Compare:
                return _buffered.StartCompare(index, in entry, offset, (int)length);
            case IoOpcode.Read:
                slot.Kind = CommandKind.Read;
                return Transfer(index, target, in entry, BlockOperation.Read, DmaDirection.FromDevice, offset, (int)length);
            default:
                slot.Kind = CommandKind.Write;
                return Transfer(index, target, in entry, BlockOperation.Write, DmaDirection.ToDevice, offset, (int)length);
        }
    }

    private CommandOutcome Transfer(
        int index,
        NvmeNamespace target,
        in SubmissionEntry entry,
        BlockOperation operation,
        DmaDirection direction,
        ulong offset,
        int length)
    {
        NvmeStatus status = _map.Map(in entry, length, direction);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        _limiter.Moves(length);
        if (_map.MustCopy)
        {
            return _buffered.StartTransfer(index, in entry, offset, length);
        }

        _slots[index].Length = length;
        if (direction == DmaDirection.FromDevice)
        {
            _targets.Keep(index);
        }

        return _backend.Submit(index, target, operation, offset, (ulong)length, _map.Segments);
    }

    private CommandOutcome NextStep(int index, ref CommandSlot slot)
    {
        switch (slot.Kind)
        {
            case CommandKind.Read:
                _smart.Read(slot.Length);
                return slot.Buffer < 0 ? CommandOutcome.Done : _buffered.CopyOut(index);
            case CommandKind.Write:
                _smart.Written(slot.Length);
                return CommandOutcome.Done;
            case CommandKind.Compare:
                _smart.Read(slot.Length);
                return _buffered.Compare(index);
            case CommandKind.WriteZeroes when slot.Durable:
                slot.Kind = CommandKind.FlushAfter;
                return _backend.Submit(index, slot.Namespace!, BlockOperation.Flush, 0, 0);
            case CommandKind.Deallocate:
                return _buffered.DeallocateNext(index);
            case CommandKind.Format:
                return _format.Next(index);
            case CommandKind.Create:
                return _management!.Next(index);
            default:
                return CommandOutcome.Done;
        }
    }

    private void Finish(int index, NvmeStatus status, uint result = 0)
    {
        ref CommandSlot slot = ref _slots[index];
        if (status is NvmeStatus.UnrecoveredReadError or NvmeStatus.WriteFault)
        {
            _smart.MediaError();
        }

        if (slot.Kind == CommandKind.Format)
        {
            // An admin command: it didn't begin here.
            _format.End(index);
        }
        else if (slot.Kind == CommandKind.Create)
        {
            _management!.End(index, status == NvmeStatus.Success);
        }
        else
        {
            _smart.End();
        }

        int buffer = slot.Buffer;
        slot.Buffer = -1;
        _completions.Complete(index, status, result);
        if (buffer >= 0)
        {
            RunWaiting(buffer);
        }
    }

    /// <summary>A buffer is free: the next command that waits for one has it.</summary>
    private void RunWaiting(int buffer)
    {
        // A command that fails at once leaves the buffer to the one after it.
        while (_buffered.TryPassOn(buffer, out int index, out CommandOutcome outcome))
        {
            if (outcome.Continues)
            {
                return;
            }

            _smart.End();
            _slots[index].Buffer = -1;
            _completions.Complete(index, outcome.Status);
        }
    }
}
