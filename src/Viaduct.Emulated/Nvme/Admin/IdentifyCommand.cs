using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Identify (NVMe 1.4, 5.15), by what CNS asks for. Worker only.</summary>
internal sealed class IdentifyCommand(NvmeSubsystem subsystem, ControllerSeat seat, NamespaceTable namespaces, TransferMap map, NvmeDoorbells doorbells)
{
    private const int ListBytes = 4096;

    /// <summary>Deallocated blocks read as zeroes; Write Zeroes can deallocate.</summary>
    private const byte Deallocation = 0b001 | (1 << 3);

    private readonly SubsystemLists _lists = new(subsystem, seat, map);

    private bool Manages => subsystem.IsShared && seat.IsPrimary;

    internal CommandOutcome Identify(in SubmissionEntry entry)
    {
        uint structure = entry.Dword10 & 0xFF;
        uint id = entry.NamespaceId;
        return structure switch
        {
            0x00 when Manages && id == NamespaceTable.Broadcast => DescribeCommon(in entry),
            0x00 => DescribeNamespace(in entry, namespaces.Find(id)?.Core, namespaces.Find(id)?.Length ?? 0),
            0x01 => DescribeController(in entry),
            0x02 => _lists.ListActive(in entry),
            0x03 => ListNames(in entry),
            0x10 => _lists.ListAllocated(in entry),
            0x11 => DescribeNamespace(in entry, FindAllocated(id), FindAllocated(id)?.Length ?? 0),
            0x12 => FindAllocated(id) is { } attached ? _lists.ListControllers(in entry, attached) : NvmeStatus.InvalidNamespace,
            0x13 => _lists.ListControllers(in entry, null),
            0x14 when Manages => _lists.DescribePrimary(in entry),
            0x15 when Manages => _lists.ListSecondaries(in entry),
            _ => NvmeStatus.InvalidField,
        };
    }

    /// <summary>A namespace that this controller may know of.</summary>
    private SubsystemNamespace? FindAllocated(uint id) => seat.IsPrimary ? subsystem.Find(id) : namespaces.Find(id)?.Core;

    private static Span<byte> Bytes(ref byte first, int length) => MemoryMarshal.CreateSpan(ref first, length);

    /// <summary>ASCII, filled up with spaces (1.5).</summary>
    private static void WriteText(Span<byte> field, string text)
    {
        field.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, field);
    }

    private unsafe NvmeStatus DescribeController(in SubmissionEntry entry)
    {
        ControllerData data = new()
        {
            VendorId = NvmeIdentity.VendorId,
            SubsystemVendorId = NvmeIdentity.VendorId,
            ArbitrationBurst = 5,
            MaximumTransfer = NvmeLimits.TransferShift,
            MultipleControllers = (byte)((subsystem.IsShared ? 1 << 1 : 0) | (seat.IsPrimary ? 0 : 1 << 2)),
            ControllerId = (ushort)seat.Id,
            Version = NvmeRegisters.Version14,
            AsynchronousEvents = EventConfiguration.NamespaceAttributes,
            // Bit 0: host identifiers of 16 bytes.
            Attributes = 1,
            // An I/O controller.
            ControllerType = 1,
            // Bit 1: Format NVM; bit 8: Doorbell Buffer Config; bits 3 and 7: management of namespaces and virtualization.
            OptionalAdminCommands = (ushort)((1 << 1) | (doorbells.AreShown ? 0 : 1 << 8) | (Manages ? (1 << 3) | (1 << 7) : 0)),
            AbortLimit = 3,
            EventRequestLimit = NvmeLimits.EventRequests - 1,
            // One slot, read-only.
            FirmwareUpdates = (1 << 1) | 1,
            // Bit 1: effects page; bit 2: offsets and long pages.
            LogPageAttributes = (1 << 1) | (1 << 2),
            ErrorLogEntries = NvmeLimits.ErrorEntries - 1,
            WarningTemperature = SmartCounters.WarningTemperature,
            CriticalTemperature = SmartCounters.CriticalTemperature,
            SubmissionEntrySize = 0x66,
            CompletionEntrySize = 0x44,
            Namespaces = (uint)subsystem.Capacity,
            NamespacesAtMost = subsystem.IsShared ? (uint)subsystem.Capacity : 0,
            // Compare, Dataset Management, Write Zeroes, Select in Get Features, reservations, Timestamp.
            OptionalIoCommands = (ushort)((1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (subsystem.IsShared ? 1 << 5 : 0) | (1 << 6)),
            // There is a cache; Flush of all namespaces is supported.
            VolatileWriteCache = 0b111,
            // SGLs at dword granularity; they may describe more than is transferred.
            SglSupport = 0b10 | (1 << 18),
            MaximumPower = 2500,
        };
        if (Manages)
        {
            (data.UnallocatedCapacity, data.TotalCapacity) = subsystem.Space();
        }
        else
        {
            foreach (NvmeNamespace each in namespaces.All)
            {
                data.TotalCapacity += each.Length;
            }
        }

        NvmeIdentity identity = subsystem.Identity;
        WriteText(Bytes(ref data.Serial[0], ControllerData.SerialBytes), identity.Serial);
        WriteText(Bytes(ref data.Model[0], ControllerData.ModelBytes), NvmeIdentity.Model);
        WriteText(Bytes(ref data.Firmware[0], ControllerData.FirmwareBytes), NvmeIdentity.Firmware);
        data.Oui[0] = unchecked((byte)NvmeIdentity.Oui);
        data.Oui[1] = unchecked((byte)(NvmeIdentity.Oui >> 8));
        data.Oui[2] = (byte)(NvmeIdentity.Oui >> 16);
        Encoding.ASCII.GetBytes(identity.SubsystemName, Bytes(ref data.SubsystemName[0], ControllerData.SubsystemNameBytes));
        return map.CopyOut(in entry, in data);
    }

    /// <summary>What namespaces have in common, for whoever makes one (5.15.2.1).</summary>
    private unsafe NvmeStatus DescribeCommon(in SubmissionEntry entry)
    {
        NamespaceData data = new() { Features = 1 << 4, Formats = 1, DeallocateFeatures = Deallocation };
        data.BlockFormats[0] = 9 << 16;
        data.BlockFormats[1] = 12 << 16;
        return map.CopyOut(in entry, in data);
    }

    private unsafe NvmeStatus DescribeNamespace(in SubmissionEntry entry, SubsystemNamespace? target, ulong length)
    {
        NamespaceData data = default;
        if (target is null)
        {
            // An identifier that could be a namespace and isn't one here has a structure of zeroes.
            return namespaces.Missing(entry.NamespaceId) == NvmeStatus.InvalidField ? map.CopyOut(in entry, in data) : NvmeStatus.InvalidNamespace;
        }

        ushort granularity = (ushort)(Math.Max(target.Disk.PhysicalBlockSize >> target.BlockShift, 1) - 1);
        ulong blocks = length >> target.BlockShift;
        data = new NamespaceData
        {
            Blocks = blocks,
            Capacity = blocks,
            Utilization = blocks,
            // OPTPERF: the granularities below are there.
            Features = 1 << 4,
            Formats = (byte)(target.Formats - 1),
            CurrentFormat = (byte)target.CurrentFormat,
            Multipath = target.Shared ? (byte)1 : (byte)0,
            // All types; none lasts past power loss.
            ReservationCapabilities = subsystem.IsShared ? (byte)0b0111_1110 : (byte)0,
            FormatProgress = (byte)(0x80 | (target.Formatting ? target.FormatPercentLeft : 0)),
            DeallocateFeatures = Deallocation,
            CapacityBytes = length,
            WriteGranularity = granularity,
            WriteAlignment = granularity,
            DeallocateGranularity = granularity,
            DeallocateAlignment = granularity,
            OptimalWriteSize = granularity,
            Attributes = target.Disk.ReadOnly ? (byte)1 : (byte)0,
        };
        target.Nguid.CopyTo(Bytes(ref data.Nguid[0], NamespaceData.NguidBytes));
        target.Eui64.CopyTo(Bytes(ref data.Eui64[0], NamespaceData.EuiBytes));
        for (int format = 0; format < target.Formats; format++)
        {
            data.BlockFormats[format] = (uint)target.FormatShift(format) << 16;
        }

        return map.CopyOut(in entry, in data);
    }

    /// <summary>Namespace Identification Descriptors (figure 249): EUI-64, NGUID and UUID.</summary>
    private NvmeStatus ListNames(in SubmissionEntry entry)
    {
        SubsystemNamespace? target = namespaces.Find(entry.NamespaceId)?.Core;
        if (target is null)
        {
            return NvmeStatus.InvalidNamespace;
        }

        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        Span<byte> uuid = stackalloc byte[16];
        target.Uuid.TryWriteBytes(uuid, bigEndian: true, out _);
        Span<byte> rest = AddName(list, 1, target.Eui64);
        rest = AddName(rest, 2, target.Nguid);
        AddName(rest, 3, uuid);
        return map.CopyOut(in entry, list);
    }

    private static Span<byte> AddName(Span<byte> list, byte kind, ReadOnlySpan<byte> name)
    {
        list[0] = kind;
        list[1] = (byte)name.Length;
        name.CopyTo(list[4..]);
        return list[(4 + name.Length)..];
    }
}
