using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Get Log Page (NVMe 1.4, 5.14). Worker only.</summary>
internal sealed class LogCommands
{
    // The largest pages (errors, changed namespaces, effects) have this many bytes.
    private const int PageBytes = 4096;
    private const uint RetainEvent = 1 << 15;

    private readonly TransferMap _map;
    private readonly ErrorLog _errors;
    private readonly SmartCounters _smart;
    private readonly ChangedNamespaces _changed;
    private readonly ReservationLog _reservations;
    private readonly Func<AdminOpcode, bool> _supports;
    private readonly bool _shared;
    private readonly FeatureValues _features;
    private readonly AsyncEvents _events;
    private readonly byte[] _page = new byte[PageBytes];

    internal LogCommands(TransferMap map, ErrorLog errors, SmartCounters smart, ChangedNamespaces changed, ReservationLog reservations, FeatureValues features, AsyncEvents events, Func<AdminOpcode, bool> supports, bool shared)
    {
        _map = map;
        _errors = errors;
        _smart = smart;
        _changed = changed;
        _reservations = reservations;
        _supports = supports;
        _shared = shared;
        _features = features;
        _events = events;
    }

    internal CommandOutcome Get(in SubmissionEntry entry)
    {
        LogPageId log = (LogPageId)(byte)entry.Dword10;
        bool retain = (entry.Dword10 & RetainEvent) != 0;
        ulong bytes = ((entry.Dword10 >> 16) | ((ulong)(entry.Dword11 & 0xFFFF) << 16)) + 1;
        bytes *= 4;
        ulong offset = entry.Dword12 | ((ulong)entry.Dword13 << 32);
        if (!Enum.IsDefined(log) || (log == LogPageId.ReservationNotifications && !_shared))
        {
            return NvmeStatus.InvalidLogPage;
        }

        bool perNamespace = entry.NamespaceId is not (0 or NamespaceTable.Broadcast);
        if (bytes > NvmeLimits.TransferBytes || (offset & 3) != 0 || (log == LogPageId.Smart && perNamespace))
        {
            // LPA announces no SMART page of a single namespace.
            return NvmeStatus.InvalidField;
        }

        Array.Clear(_page);
        int length = Write(log);
        if (offset > (ulong)length)
        {
            return NvmeStatus.InvalidField;
        }

        NvmeStatus status = CopyOut(in entry, (int)offset, length, (int)bytes);
        if (status == NvmeStatus.Success && !retain)
        {
            if (log == LogPageId.ChangedNamespaces)
            {
                _changed.Clear();
            }

            if (log == LogPageId.ReservationNotifications)
            {
                _reservations.RemoveOldest();
            }

            _events.LogRead(log);
            if (log == LogPageId.ReservationNotifications && !_reservations.IsEmpty)
            {
                _events.Raise(AsyncEvent.ReservationLogAvailable);
            }
        }

        return status;
    }

    private int Write(LogPageId log)
    {
        switch (log)
        {
            case LogPageId.Errors:
                return _errors.Write(_page);
            case LogPageId.Smart:
                SmartPage smart = _smart.Read(_features.CriticalWarning, _errors.Count);
                MemoryMarshal.Write(_page, in smart);
                return SmartPage.Size;
            case LogPageId.FirmwareSlot:
                // AFI (5.14.1.3): slot 1 is active; FRS1 is its revision.
                _page[0] = 1;
                _page.AsSpan(8, 8).Fill((byte)' ');
                Encoding.ASCII.GetBytes(NvmeIdentity.Firmware, _page.AsSpan(8));
                return 512;
            case LogPageId.ChangedNamespaces:
                _changed.Write(_page);
                return PageBytes;
            case LogPageId.ReservationNotifications:
                _reservations.Write(_page);
                return ReservationLog.PageBytes;
            default:
                WriteEffects();
                return PageBytes;
        }
    }

    /// <summary>Copies a page from an offset on; what the host asks for past its end is zeroes.</summary>
    private NvmeStatus CopyOut(in SubmissionEntry entry, int offset, int length, int bytes)
    {
        NvmeStatus status = _map.Map(in entry, bytes, DmaDirection.FromDevice);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        ReadOnlySpan<byte> rest = _page.AsSpan(offset, length - offset);
        if (_map.MustCopy)
        {
            byte[] whole = new byte[bytes];
            rest[..Math.Min(bytes, rest.Length)].CopyTo(whole);
            return _map.CopyOut(in entry, whole);
        }

        foreach (HostSegment segment in _map.Segments)
        {
            Span<byte> target = segment.Span;
            int part = Math.Min(target.Length, rest.Length);
            rest[..part].CopyTo(target);
            target[part..].Clear();
            rest = rest[part..];
        }

        _map.NoteWritten(_map.Runs);
        return NvmeStatus.Success;
    }

    /// <summary>Commands Supported and Effects (5.14.1.5): admin commands from byte 0, I/O commands from 1024, 4 bytes each.</summary>
    private void WriteEffects()
    {
        const uint Supported = 1 << 0;
        const uint ContentChange = 1 << 1;
        const uint NamespaceCapabilityChange = 1 << 2;
        const uint NamespaceInventoryChange = 1 << 3;
        const uint NothingElseOnTheNamespace = 1 << 16;
        const int IoCommands = 1024;
        foreach (AdminOpcode opcode in Enum.GetValues<AdminOpcode>())
        {
            uint effects = opcode switch
            {
                AdminOpcode.FormatNvm => Supported | ContentChange | NamespaceCapabilityChange | NothingElseOnTheNamespace,
                AdminOpcode.NamespaceManagement or AdminOpcode.NamespaceAttachment => Supported | NamespaceInventoryChange,
                _ => Supported,
            };
            if (!_supports(opcode))
            {
                continue;
            }

            BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan((int)opcode * 4), effects);
        }

        foreach (IoOpcode opcode in Enum.GetValues<IoOpcode>())
        {
            if (opcode is IoOpcode.ReservationRegister or IoOpcode.ReservationReport or IoOpcode.ReservationAcquire or IoOpcode.ReservationRelease && !_shared)
            {
                continue;
            }

            bool writes = opcode is IoOpcode.Write or IoOpcode.WriteZeroes or IoOpcode.DatasetManagement;
            BinaryPrimitives.WriteUInt32LittleEndian(_page.AsSpan(IoCommands + ((int)opcode * 4)), writes ? Supported | ContentChange : Supported);
        }
    }
}
