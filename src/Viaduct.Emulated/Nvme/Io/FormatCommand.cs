using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// Format NVM (NVMe 1.4, 5.23): the namespace's bytes are zeroed, piece by piece, then its block size changes. Both are
/// the same with and without user data erase; there is no cryptographic erase. Worker only.
/// </summary>
internal sealed class FormatCommand(NvmeSubsystem subsystem, ControllerSeat seat, CommandSlots slots, NamespaceTable namespaces, BackendRequests backend)
{
    // Large enough to cost few requests, small enough that one doesn't hold the disk up for long.
    private const ulong PieceBytes = 256 << 20;

    internal CommandOutcome Start(int index, in SubmissionEntry entry)
    {
        int format = (int)(entry.Dword10 & 15);
        uint protection = (entry.Dword10 >> 5) & 7;
        uint erase = (entry.Dword10 >> 9) & 7;
        bool all = entry.NamespaceId == NamespaceTable.Broadcast;
        NvmeNamespace? first = all ? FirstAfter(0) : namespaces.Find(entry.NamespaceId);
        if (first is null)
        {
            return namespaces.Missing(entry.NamespaceId);
        }

        if (erase > 1)
        {
            return NvmeStatus.InvalidField;
        }

        foreach (NvmeNamespace target in namespaces.All)
        {
            if (!all && target != first)
            {
                continue;
            }

            if (format >= target.Core.Formats || protection != 0)
            {
                return NvmeStatus.InvalidFormat;
            }

            if (target.Disk.ReadOnly)
            {
                return NvmeStatus.NamespaceWriteProtected;
            }

            if (!target.Core.Reservations.Permits(seat.Host, writes: true))
            {
                return NvmeStatus.ReservationConflict;
            }
        }

        ref CommandSlot slot = ref slots[index];
        foreach (NvmeNamespace target in namespaces.All)
        {
            if ((all || target == first) && !target.Core.TryBeginFormat(seat))
            {
                // Those that have begun belong to this command, unless there is another one on this controller.
                EndUpTo(target, all);
                return NvmeStatus.FormatInProgress;
            }
        }

        slot.Kind = CommandKind.Format;
        slot.Length = format;
        slot.Namespace = first;
        CommandOutcome outcome = Next(index);
        if (!outcome.Continues)
        {
            End(index);
        }

        return outcome;
    }

    /// <summary>Zeroes the next piece, or ends the namespace and goes on with the next one.</summary>
    internal CommandOutcome Next(int index)
    {
        ref CommandSlot slot = ref slots[index];
        while (true)
        {
            NvmeNamespace target = slot.Namespace!;
            if (slot.Position < target.Length)
            {
                ulong offset = slot.Position;
                ulong length = Math.Min(PieceBytes, target.Length - offset);
                target.Core.FormatPercentLeft = (int)((target.Length - offset) * 100 / target.Length);
                slot.Position += length;
                return backend.Submit(index, target, BlockOperation.WriteZeroesUnmap, offset, length);
            }

            target.Core.BlockShift = target.Core.FormatShift(slot.Length);
            subsystem.Announce(target.Core, but: seat);
            NvmeNamespace? next = slot.NamespaceId == NamespaceTable.Broadcast ? FirstAfter(target.Id) : null;
            if (next is null)
            {
                return CommandOutcome.Done;
            }

            slot.Namespace = next;
            slot.Position = 0;
        }
    }

    /// <summary>The command is over, well or not: its namespaces take commands again.</summary>
    internal void End(int index)
    {
        ref CommandSlot slot = ref slots[index];
        slot.Namespace?.Core.EndFormat(seat);
        foreach (NvmeNamespace target in namespaces.All)
        {
            if (slot.NamespaceId == NamespaceTable.Broadcast || target.Id == slot.NamespaceId)
            {
                target.Core.EndFormat(seat);
            }
        }
    }

    private void EndUpTo(NvmeNamespace failed, bool all)
    {
        foreach (NvmeNamespace target in namespaces.All)
        {
            if (target == failed)
            {
                return;
            }

            if (all)
            {
                target.Core.EndFormat(seat);
            }
        }
    }

    private NvmeNamespace? FirstAfter(uint id)
    {
        foreach (NvmeNamespace target in namespaces.All)
        {
            // One that came since the command began isn't part of it.
            if (target.Id > id && target.IsAttached && (id == 0 || target.Core.Formatting))
            {
                return target;
            }
        }

        return null;
    }
}
