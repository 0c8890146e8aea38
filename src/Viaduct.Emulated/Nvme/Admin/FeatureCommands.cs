using System.Buffers.Binary;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Get Features and Set Features (NVMe 1.4, 5.15 and 5.21). None can be saved; those of reservations are per namespace. Worker only.</summary>
internal sealed class FeatureCommands
{
    private const uint Save = 1u << 31;
    private const uint Changeable = 1 << 2;
    private const uint PerNamespace = 1 << 1;
    private const int TimestampBytes = 8;

    private readonly FeatureValues _values;
    private readonly TransferMap _map;
    private readonly QueueTable _queues;
    private readonly InterruptPort _interrupts;
    private readonly IoCommands _io;
    private readonly AsyncEvents _events;
    private readonly ControllerSeat _seat;
    private readonly bool _shared;
    private readonly NamespaceTable _namespaces;

    internal FeatureCommands(FeatureValues values, TransferMap map, QueueTable queues, InterruptPort interrupts, IoCommands io, AsyncEvents events, ControllerSeat seat, NamespaceTable namespaces, bool shared)
    {
        _values = values;
        _map = map;
        _queues = queues;
        _interrupts = interrupts;
        _io = io;
        _events = events;
        _seat = seat;
        _shared = shared;
        _namespaces = namespaces;
    }

    internal CommandOutcome Get(in SubmissionEntry entry)
    {
        FeatureId feature = (FeatureId)(byte)entry.Dword10;
        if (!Enum.IsDefined(feature) || (IsPerNamespace(feature) && !_shared))
        {
            return NvmeStatus.InvalidField;
        }

        uint select = (entry.Dword10 >> 8) & 7;
        return select switch
        {
            0 => GetCurrent(feature, in entry),
            // What can't be saved has its default for a saved value.
            1 or 2 => GetDefault(feature, in entry),
            3 => new CommandOutcome(NvmeStatus.Success, IsPerNamespace(feature) ? Changeable | PerNamespace : Changeable),
            _ => NvmeStatus.InvalidField,
        };
    }

    internal CommandOutcome Set(in SubmissionEntry entry)
    {
        FeatureId feature = (FeatureId)(byte)entry.Dword10;
        if (!Enum.IsDefined(feature) || (IsPerNamespace(feature) && !_shared))
        {
            return NvmeStatus.InvalidField;
        }

        if ((entry.Dword10 & Save) != 0)
        {
            return NvmeStatus.FeatureNotSaveable;
        }

        uint value = entry.Dword11;
        switch (feature)
        {
            case FeatureId.Arbitration:
                _values.Arbitration = value;
                return CommandOutcome.Done;
            case FeatureId.PowerManagement:
                // NPSS: there is state 0 only.
                return (value & 0x1F) == 0 ? NvmeStatus.Success : NvmeStatus.InvalidField;
            case FeatureId.TemperatureThreshold:
                return SetTemperature(value);
            case FeatureId.ErrorRecovery:
                return SetErrorRecovery(value);
            case FeatureId.VolatileWriteCache:
                _values.WriteCache = (value & 1) != 0;
                _io.WriteCache = _values.WriteCache;
                return CommandOutcome.Done;
            case FeatureId.NumberOfQueues:
                return SetQueues(value);
            case FeatureId.InterruptCoalescing:
                _values.InterruptCoalescing = value & 0xFFFF;
                return CommandOutcome.Done;
            case FeatureId.InterruptVectorConfiguration:
                return SetVector(value);
            case FeatureId.WriteAtomicity:
                _values.WriteAtomicity = value & 1;
                return CommandOutcome.Done;
            case FeatureId.AsynchronousEventConfiguration:
                return SetEvents(value);
            case FeatureId.ReservationNotificationMask:
                return SetNotificationMask(entry.NamespaceId, value);
            case FeatureId.ReservationPersistence:
                return SetPersistence(entry.NamespaceId, value);
            default:
                return SetFromMemory(feature, in entry);
        }
    }

    /// <summary>Submission and completion queues, each from zero.</summary>
    private static uint QueueCounts(int count) => (uint)((count - 1) | ((count - 1) << 16));

    private static uint Vector(uint value) => value & 0xFFFF;

    private CommandOutcome GetCurrent(FeatureId feature, in SubmissionEntry entry)
    {
        switch (feature)
        {
            case FeatureId.Arbitration:
                return Value(_values.Arbitration);
            case FeatureId.PowerManagement:
                return Value(0);
            case FeatureId.TemperatureThreshold:
                return GetTemperature(entry.Dword11);
            case FeatureId.ErrorRecovery:
                return Value(_values.ErrorRecovery);
            case FeatureId.VolatileWriteCache:
                return Value(_values.WriteCache ? 1u : 0);
            case FeatureId.NumberOfQueues:
                return Value(QueueCounts(_queues.Granted));
            case FeatureId.InterruptCoalescing:
                return Value(_values.InterruptCoalescing);
            case FeatureId.InterruptVectorConfiguration:
                uint vector = Vector(entry.Dword11);
                return vector < _interrupts.Count && vector < NvmeLimits.Queues
                    ? Value(vector | (_values.Uncoalesced((int)vector) ? 1u << 16 : 0))
                    : NvmeStatus.InvalidField;
            case FeatureId.WriteAtomicity:
                return Value(_values.WriteAtomicity);
            case FeatureId.AsynchronousEventConfiguration:
                return Value(_values.EventConfiguration);
            case FeatureId.ReservationNotificationMask or FeatureId.ReservationPersistence:
                return _namespaces.Find(entry.NamespaceId) is { } target
                    ? Value(feature == FeatureId.ReservationNotificationMask ? target.NotificationMask : 0)
                    : _namespaces.Missing(entry.NamespaceId);
            default:
                return GetIntoMemory(feature, in entry, _values.Timestamp, _values.TimestampOrigin, _values.RetryEnable, _values.HostIdentifier);
        }
    }

    private CommandOutcome GetDefault(FeatureId feature, in SubmissionEntry entry) =>
        feature is FeatureId.Timestamp or FeatureId.HostBehaviorSupport or FeatureId.HostIdentifier
            ? GetIntoMemory(feature, in entry, 0, 0, 0, new byte[FeatureValues.HostIdentifierBytes])
            : Value(feature == FeatureId.NumberOfQueues ? QueueCounts(_queues.Limit) : FeatureValues.DefaultOf(feature));

    private CommandOutcome GetIntoMemory(FeatureId feature, in SubmissionEntry entry, ulong timestamp, byte origin, byte retry, ReadOnlySpan<byte> host)
    {
        Span<byte> data = stackalloc byte[FeatureValues.HostBehaviorBytes];
        data.Clear();
        switch (feature)
        {
            case FeatureId.Timestamp:
                BinaryPrimitives.WriteUInt64LittleEndian(data, timestamp | ((ulong)origin << 48));
                return _map.CopyOut(in entry, data[..TimestampBytes]);
            case FeatureId.HostIdentifier:
                host.CopyTo(data);
                return _map.CopyOut(in entry, data[..HostIdentifierLength(entry.Dword11)]);
            default:
                data[0] = retry;
                return _map.CopyOut(in entry, data);
        }
    }

    private CommandOutcome SetFromMemory(FeatureId feature, in SubmissionEntry entry)
    {
        int length = feature switch
        {
            FeatureId.Timestamp => TimestampBytes,
            FeatureId.HostIdentifier => HostIdentifierLength(entry.Dword11),
            _ => FeatureValues.HostBehaviorBytes,
        };
        Span<byte> data = stackalloc byte[FeatureValues.HostBehaviorBytes];
        NvmeStatus status = _map.CopyIn(in entry, data[..length]);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        switch (feature)
        {
            case FeatureId.Timestamp:
                _values.SetTimestamp(BinaryPrimitives.ReadUInt64LittleEndian(data));
                return CommandOutcome.Done;
            case FeatureId.HostIdentifier:
                Array.Clear(_values.HostIdentifier);
                data[..length].CopyTo(_values.HostIdentifier);
                _seat.Host = HostIdentity.Of(BinaryPrimitives.ReadUInt128LittleEndian(_values.HostIdentifier), extended: length > 8, _seat.Id);
                return CommandOutcome.Done;
            case FeatureId.HostBehaviorSupport when data[0] <= 1:
                _values.RetryEnable = data[0];
                return CommandOutcome.Done;
            default:
                return NvmeStatus.InvalidField;
        }
    }

    private static CommandOutcome Value(uint value) => new(NvmeStatus.Success, value);

    /// <summary>EXHID: 16 bytes instead of 8.</summary>
    private static int HostIdentifierLength(uint dword11) => (dword11 & 1) != 0 ? FeatureValues.HostIdentifierBytes : FeatureValues.HostIdentifierBytes / 2;

    /// <summary>TMPSEL: the composite temperature, which is the only one there is, or (for Set) all.</summary>
    private static bool IsTemperature(uint selector, bool set) => selector == 0 || (set && selector == 15);

    private CommandOutcome GetTemperature(uint value)
    {
        uint kind = (value >> 20) & 3;
        return !IsTemperature((value >> 16) & 15, set: false) || kind > 1
            ? NvmeStatus.InvalidField
            : Value(kind == 0 ? _values.OverTemperature : _values.UnderTemperature);
    }

    private CommandOutcome SetTemperature(uint value)
    {
        uint kind = (value >> 20) & 3;
        if (!IsTemperature((value >> 16) & 15, set: true) || kind > 1)
        {
            return NvmeStatus.InvalidField;
        }

        byte before = _values.CriticalWarning;
        if (kind == 0)
        {
            _values.OverTemperature = (ushort)value;
        }
        else
        {
            _values.UnderTemperature = (ushort)value;
        }

        const uint TemperatureEvents = 1 << 1;
        if (_values.CriticalWarning != 0 && before == 0 && (_values.EventConfiguration & TemperatureEvents) != 0)
        {
            _events.Raise(AsyncEvent.TemperatureThreshold);
        }

        return CommandOutcome.Done;
    }

    private CommandOutcome SetErrorRecovery(uint value)
    {
        const uint DeallocatedError = 1 << 16;
        if ((value & DeallocatedError) != 0)
        {
            // NSFEAT says that reads of deallocated blocks don't fail.
            return NvmeStatus.InvalidField;
        }

        _values.ErrorRecovery = value & 0xFFFF;
        return CommandOutcome.Done;
    }

    private CommandOutcome SetQueues(uint value)
    {
        uint submission = value & 0xFFFF;
        uint completion = value >> 16;
        if (submission == 0xFFFF || completion == 0xFFFF)
        {
            return NvmeStatus.InvalidField;
        }

        if (_queues.AnyIo)
        {
            return NvmeStatus.CommandSequenceError;
        }

        // One number for both kinds: what the larger wish gets.
        _queues.Granted = (int)Math.Min(Math.Max(submission, completion) + 1, _queues.Limit);
        return Value(QueueCounts(_queues.Granted));
    }

    private CommandOutcome SetVector(uint value)
    {
        uint vector = Vector(value);
        if (vector >= _interrupts.Count || vector >= NvmeLimits.Queues)
        {
            return NvmeStatus.InvalidField;
        }

        _values.Uncoalesced((int)vector) = (value & (1 << 16)) != 0;
        return CommandOutcome.Done;
    }

    private CommandOutcome SetEvents(uint value)
    {
        // The SMART warnings, and what OAES announces: namespace attribute notices.
        _values.EventConfiguration = value & (0xFF | EventConfiguration.NamespaceAttributes);
        return CommandOutcome.Done;
    }

    private static bool IsPerNamespace(FeatureId feature) => feature is FeatureId.ReservationNotificationMask or FeatureId.ReservationPersistence;

    /// <summary>Reservation Notification Mask (5.21.1.20): a bit for each kind of notification, 1 to 3.</summary>
    private CommandOutcome SetNotificationMask(uint id, uint value)
    {
        NvmeNamespace? one = _namespaces.Find(id);
        if (one is null && id != NamespaceTable.Broadcast)
        {
            return _namespaces.Missing(id);
        }

        foreach (NvmeNamespace target in _namespaces.All)
        {
            if (one is null || target == one)
            {
                target.NotificationMask = value & 0b1110;
            }
        }

        return CommandOutcome.Done;
    }

    /// <summary>Reservation Persistence (5.21.1.21): PTPL can't be set, for RESCAP says that there is none.</summary>
    private CommandOutcome SetPersistence(uint id, uint value) =>
        id != NamespaceTable.Broadcast && _namespaces.Find(id) is null ? _namespaces.Missing(id)
        : (value & 1) != 0 ? NvmeStatus.InvalidField
        : CommandOutcome.Done;
}
