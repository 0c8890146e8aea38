using System.Buffers.Binary;

namespace Viaduct.Paravirtual.Transports;

/// <summary>
/// The device-specific configuration as the driver sees it, with its generation: both change in one step, so that a
/// driver that reads the same generation before and after saw one configuration (virtio 1.2, 2.5.1).
/// </summary>
internal sealed class ConfigImage
{
    private readonly Lock _lock = new();
    private readonly IVirtioDevice _device;
    private readonly byte[] _bytes;
    private byte _generation;

    internal ConfigImage(IVirtioDevice device)
    {
        _device = device;
        _bytes = new byte[device.ConfigLength];
        device.ReadConfig(_bytes);
    }

    internal byte Generation
    {
        get
        {
            lock (_lock)
            {
                return _generation;
            }
        }
    }

    internal int Length => _bytes.Length;

    /// <summary>Takes the configuration from the device again.</summary>
    internal void Refresh()
    {
        lock (_lock)
        {
            Span<byte> before = stackalloc byte[_bytes.Length];
            _bytes.CopyTo(before);
            _device.ReadConfig(_bytes);
            if (!before.SequenceEqual(_bytes))
            {
                _generation++;
            }
        }
    }

    /// <summary>Reads up to 8 bytes; what lies behind the configuration reads as zero.</summary>
    internal ulong Read(ulong offset, int size)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        lock (_lock)
        {
            if (offset < (ulong)_bytes.Length)
            {
                ReadOnlySpan<byte> from = _bytes.AsSpan((int)offset);
                from[..Math.Min(size, from.Length)].CopyTo(value);
            }
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    /// <summary>Lets the device have a write of up to 8 bytes; what lies behind the configuration is dropped.</summary>
    internal void Write(ulong offset, int size, ulong value)
    {
        if (offset >= (ulong)_bytes.Length)
        {
            return;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        lock (_lock)
        {
            _device.WriteConfig((int)offset, bytes[..Math.Min(size, _bytes.Length - (int)offset)]);
            Refresh();
        }
    }
}
