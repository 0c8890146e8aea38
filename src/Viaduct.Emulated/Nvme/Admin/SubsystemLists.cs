using System.Buffers.Binary;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>What Identify tells of the subsystem (NVMe 1.4, 5.15.2.10 to 5.15.2.15): all of it to the primary controller, of the others only themselves to secondary ones. Worker only.</summary>
internal sealed class SubsystemLists(NvmeSubsystem subsystem, ControllerSeat seat, TransferMap map)
{
    private const int ListBytes = 4096;

    /// <summary>Allocated Namespace ID list: identifiers above the one that the command gives.</summary>
    internal NvmeStatus ListAllocated(in SubmissionEntry entry)
    {
        uint above = entry.NamespaceId;
        return above >= 0xFFFF_FFFE
            ? NvmeStatus.InvalidNamespace
            : WriteNamespaces(in entry, subsystem.List(seat.IsPrimary ? null : seat.Id));
    }

    /// <summary>Active Namespace ID list, likewise.</summary>
    internal NvmeStatus ListActive(in SubmissionEntry entry) =>
        entry.NamespaceId >= 0xFFFF_FFFE ? NvmeStatus.InvalidNamespace : WriteNamespaces(in entry, subsystem.List(seat.Id));

    /// <summary>Controllers from CNTID on: all, or those that a namespace is attached to.</summary>
    internal NvmeStatus ListControllers(in SubmissionEntry entry, SubsystemNamespace? attached)
    {
        int from = (int)(entry.Dword10 >> 16);
        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        ushort count = 0;
        for (int id = from; id < subsystem.ControllerCount; id++)
        {
            if ((seat.IsPrimary || id == seat.Id) && attached?.IsAttached(id) != false)
            {
                count++;
                BinaryPrimitives.WriteUInt16LittleEndian(list[(count * 2)..], (ushort)id);
            }
        }

        BinaryPrimitives.WriteUInt16LittleEndian(list, count);
        return map.CopyOut(in entry, list);
    }

    internal NvmeStatus DescribePrimary(in SubmissionEntry entry)
    {
        PrimaryCapabilities data = new()
        {
            ControllerId = (ushort)seat.Id,
            ResourceTypes = 0b11,
            Queues = Read(ResourceKind.Queues),
            Interrupts = Read(ResourceKind.Interrupts),
        };
        return map.CopyOut(in entry, in data);
    }

    /// <summary>Secondary Controller List (figure 252): entries of 32 bytes from the controller CNTID on.</summary>
    internal NvmeStatus ListSecondaries(in SubmissionEntry entry)
    {
        const int EntryBytes = 32;
        int from = Math.Max((int)(entry.Dword10 >> 16), 1);
        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        int count = 0;
        for (int id = from; id < subsystem.ControllerCount; id++)
        {
            (bool online, int queues, int vectors) = subsystem.ReadSecondary(id);
            Span<byte> place = list[(++count * EntryBytes)..];
            BinaryPrimitives.WriteUInt16LittleEndian(place, (ushort)id);
            // PCID is the primary's, zero; then the state, and the virtual function's number.
            place[4] = online ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt16LittleEndian(place[8..], (ushort)id);
            BinaryPrimitives.WriteUInt16LittleEndian(place[10..], (ushort)queues);
            BinaryPrimitives.WriteUInt16LittleEndian(place[12..], (ushort)vectors);
        }

        list[0] = (byte)count;
        return map.CopyOut(in entry, list);
    }

    private FlexibleCapability Read(ResourceKind kind)
    {
        subsystem.Read(kind, out int total, out int assigned, out int primary, out int primaryPrivate, out int maximum);
        return new FlexibleCapability
        {
            Total = (uint)total,
            Assigned = (uint)assigned,
            Primary = (ushort)primary,
            PrimaryPrivate = (ushort)primaryPrivate,
            SecondaryMaximum = (ushort)maximum,
            Granularity = 1,
        };
    }

    private NvmeStatus WriteNamespaces(in SubmissionEntry entry, SubsystemNamespace[] namespaces)
    {
        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        int at = 0;
        foreach (SubsystemNamespace each in namespaces)
        {
            if (each.Id > entry.NamespaceId && at < ListBytes)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(list[at..], each.Id);
                at += 4;
            }
        }

        return map.CopyOut(in entry, list);
    }
}
