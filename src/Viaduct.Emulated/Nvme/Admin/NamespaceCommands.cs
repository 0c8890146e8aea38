using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>
/// Namespace Management (NVMe 1.4, 5.20) and Namespace Attachment (5.19), of the primary controller. A namespace that is
/// made is zeroed before anybody sees it; one that is deleted keeps its place until nothing is under way on it. Worker
/// only.
/// </summary>
internal sealed class NamespaceCommands
{
    private const int ListBytes = 4096;
    private const int MaxListed = 2047;
    private const ulong PieceBytes = 256 << 20;

    private readonly NvmeSubsystem _subsystem;
    private readonly ControllerSeat _seat;
    private readonly CommandSlots _slots;
    private readonly TransferMap _map;
    private readonly BackendRequests _backend;
    private readonly DiskQueues _disks;
    private readonly WaitingCommands _waiting;
    private readonly Action _wake;

    internal NamespaceCommands(
        NvmeSubsystem subsystem,
        ControllerSeat seat,
        CommandSlots slots,
        TransferMap map,
        BackendRequests backend,
        DiskQueues disks,
        WaitingCommands waiting,
        Action wake)
    {
        _subsystem = subsystem;
        _seat = seat;
        _slots = slots;
        _map = map;
        _backend = backend;
        _disks = disks;
        _waiting = waiting;
        _wake = wake;
    }

    internal CommandOutcome Manage(int index, in SubmissionEntry entry)
    {
        const uint Create = 0;
        const uint Delete = 1;
        return (entry.Dword10 & 15) switch
        {
            Create => StartCreate(index, in entry),
            Delete => StartDelete(index, entry.NamespaceId),
            _ => NvmeStatus.InvalidField,
        };
    }

    internal CommandOutcome Attach(int index, in SubmissionEntry entry)
    {
        const uint Attach = 0;
        const uint Detach = 1;
        uint action = entry.Dword10 & 15;
        if (action > Detach)
        {
            return NvmeStatus.InvalidField;
        }

        Span<byte> data = stackalloc byte[ListBytes];
        NvmeStatus status = _map.CopyIn(in entry, data);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        Span<ushort> controllers = MemoryMarshal.Cast<byte, ushort>(data);
        int count = controllers[0];
        controllers = controllers[1..];
        if (count is 0 or > MaxListed || !IsValid(controllers[..count]))
        {
            return NvmeStatus.ControllerListInvalid;
        }

        controllers = controllers[..count];
        if (action == Detach && !MayChange(entry.NamespaceId))
        {
            return NvmeStatus.ReservationConflict;
        }

        Rendezvous rendezvous = _waiting.NewRendezvous();
        status = action == Attach
            ? _subsystem.Attach(entry.NamespaceId, controllers, rendezvous)
            : _subsystem.Detach(entry.NamespaceId, controllers, rendezvous);
        return status == NvmeStatus.Success ? _waiting.Wait(index, rendezvous) : status;
    }

    /// <summary>Zeroes the next piece of a namespace that is being made, or ends the making.</summary>
    internal CommandOutcome Next(int index)
    {
        ref CommandSlot slot = ref _slots[index];
        NvmeNamespace target = slot.Namespace!;
        if (slot.Position < target.Length)
        {
            ulong offset = slot.Position;
            ulong length = Math.Min(PieceBytes, target.Length - offset);
            slot.Position += length;
            return _backend.Submit(index, target, BlockOperation.WriteZeroesUnmap, offset, length);
        }

        return new CommandOutcome(NvmeStatus.Success, target.Id);
    }

    /// <summary>The making is over: everybody sees the namespace, or its place is free again.</summary>
    internal void End(int index, bool well) => _subsystem.Finish(_slots[index].Namespace!.Core, well);

    private CommandOutcome StartCreate(int index, in SubmissionEntry entry)
    {
        const int Blocks = 0;
        const int Capacity = 8;
        const int Format = 26;
        const int Protection = 29;
        const int Multipath = 30;
        Span<byte> data = stackalloc byte[NamespaceData.Size];
        NvmeStatus status = _map.CopyIn(in entry, data);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        ulong blocks = BinaryPrimitives.ReadUInt64LittleEndian(data[Blocks..]);
        ulong capacity = BinaryPrimitives.ReadUInt64LittleEndian(data[Capacity..]);
        int format = data[Format] & 15;
        if (format > 1 || data[Protection] != 0)
        {
            return NvmeStatus.InvalidFormat;
        }

        if (blocks == 0 || capacity > blocks || (data[Multipath] & ~1) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        if (capacity < blocks)
        {
            return NvmeStatus.ThinProvisioningNotSupported;
        }

        int shift = format == 0 ? 9 : 12;
        if (blocks > ulong.MaxValue >> shift)
        {
            return NvmeStatus.InsufficientCapacity;
        }

        status = _subsystem.Create(blocks << shift, 1 << shift, (data[Multipath] & 1) != 0, out SubsystemNamespace? made);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        if (_disks.TryOpen(made!.Disk) is not { } queue)
        {
            _subsystem.Finish(made, well: false);
            return NvmeStatus.InternalError;
        }

        ref CommandSlot slot = ref _slots[index];
        slot.Kind = CommandKind.Create;
        slot.Namespace = new NvmeNamespace(made, _seat.Id, queue, _wake);
        CommandOutcome outcome = Next(index);
        if (!outcome.Continues)
        {
            slot.Kind = CommandKind.Parked;
            _subsystem.Finish(made, well: false);
        }

        return outcome;
    }

    private CommandOutcome StartDelete(int index, uint id)
    {
        SubsystemNamespace[] targets = id == NamespaceTable.Broadcast ? _subsystem.List()
            : _subsystem.Find(id) is { } one ? [one]
            : [];
        if (targets.Length == 0 && id != NamespaceTable.Broadcast)
        {
            return NvmeStatus.InvalidNamespace;
        }

        foreach (SubsystemNamespace target in targets)
        {
            if (target.Formatting)
            {
                return NvmeStatus.FormatInProgress;
            }

            if (!target.Reservations.Permits(_seat.Host, writes: true))
            {
                return NvmeStatus.ReservationConflict;
            }
        }

        Rendezvous rendezvous = _waiting.NewRendezvous();
        foreach (SubsystemNamespace target in targets)
        {
            _subsystem.Delete(target, rendezvous);
        }

        return _waiting.Wait(index, rendezvous, () =>
        {
            foreach (SubsystemNamespace target in targets)
            {
                _subsystem.Finish(target, well: false);
            }
        });
    }

    private bool MayChange(uint id) => _subsystem.Find(id)?.Reservations.Permits(_seat.Host, writes: true) ?? true;

    /// <summary>Ascending, and all of controllers that there are (4.10).</summary>
    private bool IsValid(ReadOnlySpan<ushort> controllers)
    {
        for (int i = 0; i < controllers.Length; i++)
        {
            if (!_subsystem.HasController(controllers[i]) || (i != 0 && controllers[i] <= controllers[i - 1]))
            {
                return false;
            }
        }

        return true;
    }
}
