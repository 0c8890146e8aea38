using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>
/// The common configuration structure (virtio 1.2, 4.1.4.3): fields are accessed in their own size, the 64-bit ones
/// also by halves.
/// </summary>
internal sealed class CommonConfiguration : IAccessHandler
{
    private readonly DeviceSession _session;
    private readonly PciSignals _signals;
    private uint _deviceFeatureSelect;
    private uint _driverFeatureSelect;
    private ushort _queueSelect;

    internal CommonConfiguration(DeviceSession session, PciSignals signals)
    {
        _session = session;
        _signals = signals;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        AccessStatus status = Check((int)offset, size);
        if (status == AccessStatus.Done)
        {
            value = offset is >= CommonRegister.QueueDescriptorArea and < CommonRegister.QueueNotifyData
                ? ReadAddress((int)offset, size)
                : ReadField((int)offset);
        }

        return status;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        AccessStatus status = Check((int)offset, size);
        if (status == AccessStatus.Done)
        {
            if (offset is >= CommonRegister.QueueDescriptorArea and < CommonRegister.QueueNotifyData)
            {
                WriteAddress((int)offset, size, value);
            }
            else
            {
                WriteField((int)offset, (uint)value);
            }
        }

        return status;
    }

    /// <summary>Takes the selectors to their reset values.</summary>
    internal void Reset()
    {
        _deviceFeatureSelect = 0;
        _driverFeatureSelect = 0;
        _queueSelect = 0;
    }

    private static AccessStatus Check(int offset, int size)
    {
        if (offset is >= CommonRegister.QueueDescriptorArea and < CommonRegister.QueueNotifyData)
        {
            return size is not (4 or 8) ? AccessStatus.InvalidSize
                : offset % size != 0 ? AccessStatus.Unaligned
                : AccessStatus.Done;
        }

        int width = offset switch
        {
            CommonRegister.DeviceFeatureSelect or CommonRegister.DeviceFeature or CommonRegister.DriverFeatureSelect or CommonRegister.DriverFeature => 4,
            CommonRegister.DeviceStatus or CommonRegister.ConfigGeneration => 1,
            _ => (offset & 1) == 0 ? 2 : 0,
        };
        return width == size ? AccessStatus.Done : AccessStatus.InvalidSize;
    }

    private ulong ReadField(int offset) => offset switch
    {
        CommonRegister.DeviceFeatureSelect => _deviceFeatureSelect,
        CommonRegister.DeviceFeature => Word(_session.Offered, _deviceFeatureSelect),
        CommonRegister.DriverFeatureSelect => _driverFeatureSelect,
        CommonRegister.DriverFeature => Word(_session.Chosen, _driverFeatureSelect),
        CommonRegister.ConfigVector => _signals.ConfigVector,
        CommonRegister.QueueCount => (ulong)_session.QueueCount,
        CommonRegister.DeviceStatus => _session.Status,
        CommonRegister.ConfigGeneration => _session.Config.Generation,
        CommonRegister.QueueSelect => _queueSelect,
        CommonRegister.QueueSize => _session.ReadQueue(_queueSelect, static queue => queue.Size),
        CommonRegister.QueueVector => _queueSelect < _session.QueueCount ? _signals.QueueVector(_queueSelect) : CommonRegister.NoVector,
        CommonRegister.QueueEnable => _session.ReadQueue(_queueSelect, static queue => queue.Enabled ? 1UL : 0),
        CommonRegister.QueueNotifyOffset => _queueSelect < _session.QueueCount ? _queueSelect : 0UL,

        // The reset of a queue is over before its write is answered, so it always reads as done.
        CommonRegister.QueueReset => 0,
        _ => 0,
    };

    private void WriteField(int offset, uint value)
    {
        switch (offset)
        {
            case CommonRegister.DeviceFeatureSelect:
                _deviceFeatureSelect = value;
                break;
            case CommonRegister.DriverFeatureSelect:
                _driverFeatureSelect = value;
                break;
            case CommonRegister.DriverFeature:
                _session.Choose(_driverFeatureSelect, value);
                break;
            case CommonRegister.ConfigVector:
                _signals.ConfigVector = (ushort)value;
                break;
            case CommonRegister.DeviceStatus:
                WriteStatus((byte)value);
                break;
            case CommonRegister.QueueSelect:
                _queueSelect = (ushort)value;
                break;
            case CommonRegister.QueueSize:
                _session.WriteQueue(_queueSelect, value, static (queue, size) => queue.Size = size <= queue.MaximumSize ? (ushort)size : queue.Size);
                break;
            case CommonRegister.QueueVector when _queueSelect < _session.QueueCount:
                _signals.SetQueueVector(_queueSelect, (ushort)value);
                break;
            case CommonRegister.QueueEnable when value == 1:
                _session.Enable(_queueSelect);
                break;
            case CommonRegister.QueueReset when value == 1:
                ResetQueue(_queueSelect);
                break;
            default:
                break;
        }
    }

    private void WriteStatus(byte value)
    {
        _session.WriteStatus(value);
        if (value == 0)
        {
            _signals.Reset();
            Reset();
        }
    }

    private void ResetQueue(ushort index)
    {
        if (_session.TryResetQueue(index))
        {
            _signals.SetQueueVector(index, CommonRegister.NoVector);
        }
    }

    private ulong ReadAddress(int offset, int size)
    {
        ulong address = (offset & ~7) switch
        {
            CommonRegister.QueueDescriptorArea => _session.ReadQueue(_queueSelect, static queue => queue.DescriptorArea),
            CommonRegister.QueueDriverArea => _session.ReadQueue(_queueSelect, static queue => queue.DriverArea),
            _ => _session.ReadQueue(_queueSelect, static queue => queue.DeviceArea),
        };
        return size == 8 ? address : (uint)(address >> ((offset & 4) * 8));
    }

    private void WriteAddress(int offset, int size, ulong value)
    {
        ulong address = value;
        if (size == 4)
        {
            int shift = (offset & 4) * 8;
            address = (ReadAddress(offset & ~7, 8) & ~((ulong)uint.MaxValue << shift)) | (value << shift);
        }

        _session.WriteQueue(_queueSelect, address, (offset & ~7) switch
        {
            CommonRegister.QueueDescriptorArea => static (queue, area) => queue.DescriptorArea = area,
            CommonRegister.QueueDriverArea => static (queue, area) => queue.DriverArea = area,
            _ => static (queue, area) => queue.DeviceArea = area,
        });
    }

    private static uint Word(ulong features, uint word) => word switch
    {
        0 => (uint)features,
        1 => (uint)(features >> 32),
        _ => 0,
    };
}
