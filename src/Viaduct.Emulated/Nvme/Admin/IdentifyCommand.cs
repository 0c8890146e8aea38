using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Logs;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Identify (NVMe 1.4, 5.15), by what CNS asks for. Worker only.</summary>
internal sealed class IdentifyCommand(NamespaceTable namespaces, NvmeIdentity identity, TransferMap map)
{
    private const ushort ControllerId = 1;
    private const int ListBytes = 4096;

    internal CommandOutcome Identify(in SubmissionEntry entry)
    {
        uint structure = entry.Dword10 & 0xFF;
        ushort controller = (ushort)(entry.Dword10 >> 16);
        return structure switch
        {
            0x00 or 0x11 => DescribeNamespace(in entry),
            0x01 => DescribeController(in entry),
            // Every namespace is attached, so that those allocated are those active.
            0x02 or 0x10 => ListNamespaces(in entry),
            0x03 => ListNames(in entry),
            0x12 => namespaces.Find(entry.NamespaceId) is null ? NvmeStatus.InvalidNamespace : ListControllers(in entry, controller),
            0x13 => ListControllers(in entry, controller),
            _ => NvmeStatus.InvalidField,
        };
    }

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
            ControllerId = ControllerId,
            Version = NvmeRegisters.Version14,
            AsynchronousEvents = EventConfiguration.NamespaceAttributes,
            // Bit 0: host identifiers of 16 bytes.
            Attributes = 1,
            // An I/O controller.
            ControllerType = 1,
            // Bit 1: Format NVM; bit 8: Doorbell Buffer Config.
            OptionalAdminCommands = (1 << 1) | (1 << 8),
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
            Namespaces = (uint)namespaces.Count,
            // Compare, Dataset Management, Write Zeroes, Select in Get Features, Timestamp.
            OptionalIoCommands = (1 << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 6),
            // There is a cache; Flush of all namespaces is supported.
            VolatileWriteCache = 0b111,
            // SGLs at dword granularity; they may describe more than is transferred.
            SglSupport = 0b10 | (1 << 18),
            MaximumPower = 2500,
        };
        foreach (NvmeNamespace each in namespaces.All)
        {
            data.TotalCapacity += each.Length;
        }

        WriteText(Bytes(ref data.Serial[0], ControllerData.SerialBytes), identity.Serial);
        WriteText(Bytes(ref data.Model[0], ControllerData.ModelBytes), NvmeIdentity.Model);
        WriteText(Bytes(ref data.Firmware[0], ControllerData.FirmwareBytes), NvmeIdentity.Firmware);
        data.Oui[0] = unchecked((byte)NvmeIdentity.Oui);
        data.Oui[1] = unchecked((byte)(NvmeIdentity.Oui >> 8));
        data.Oui[2] = (byte)(NvmeIdentity.Oui >> 16);
        Encoding.ASCII.GetBytes(identity.SubsystemName, Bytes(ref data.SubsystemName[0], ControllerData.SubsystemNameBytes));
        return map.CopyOut(in entry, in data);
    }

    private unsafe NvmeStatus DescribeNamespace(in SubmissionEntry entry)
    {
        NvmeNamespace? target = namespaces.Find(entry.NamespaceId);
        if (target is null)
        {
            return NvmeStatus.InvalidNamespace;
        }

        ushort granularity = (ushort)(Math.Max(target.Disk.PhysicalBlockSize >> target.BlockShift, 1) - 1);
        NamespaceData data = new()
        {
            Blocks = target.Blocks,
            Capacity = target.Blocks,
            Utilization = target.Blocks,
            // NSABP and OPTPERF: the atomic units and the granularities below are there.
            Features = (1 << 1) | (1 << 4),
            Formats = (byte)(target.Formats - 1),
            CurrentFormat = (byte)target.CurrentFormat,
            FormatProgress = (byte)(0x80 | (target.Formatting ? target.FormatPercentLeft : 0)),
            // Deallocated blocks read as zeroes; Write Zeroes can deallocate.
            DeallocateFeatures = 0b001 | (1 << 3),
            // Linux takes the smaller of these and of the write granularity for the physical block.
            AtomicWrite = granularity,
            AtomicWriteOnPowerFail = granularity,
            CapacityBytes = target.Length,
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

    /// <summary>Identifiers above the one that the command gives.</summary>
    private NvmeStatus ListNamespaces(in SubmissionEntry entry)
    {
        const int Capacity = ListBytes / 4;
        if (entry.NamespaceId >= 0xFFFF_FFFE)
        {
            return NvmeStatus.InvalidNamespace;
        }

        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        uint id = entry.NamespaceId + 1;
        for (int i = 0; i < Capacity && namespaces.Find(id) is not null; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(list[(i * 4)..], id++);
        }

        return map.CopyOut(in entry, list);
    }

    /// <summary>Namespace Identification Descriptors (figure 249): EUI-64, NGUID and UUID.</summary>
    private NvmeStatus ListNames(in SubmissionEntry entry)
    {
        NvmeNamespace? target = namespaces.Find(entry.NamespaceId);
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

    /// <summary>Controllers from an identifier on: this one, or none.</summary>
    private NvmeStatus ListControllers(in SubmissionEntry entry, ushort from)
    {
        Span<byte> list = stackalloc byte[ListBytes];
        list.Clear();
        if (from <= ControllerId)
        {
            list[0] = 1;
            BinaryPrimitives.WriteUInt16LittleEndian(list[2..], ControllerId);
        }

        return map.CopyOut(in entry, list);
    }
}
