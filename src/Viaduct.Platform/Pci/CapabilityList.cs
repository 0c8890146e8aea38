namespace Viaduct.Platform.Pci;

/// <summary>Lays capabilities one after the other into a configuration space and chains them (PCI Express Base 5.0, 7.5.3 and 7.6.3).</summary>
internal sealed class CapabilityList
{
    private readonly ConfigSpace _config;
    private int _link = ConfigHeader.CapabilitiesPointer;
    private int _free = ConfigHeader.End;
    private int _extendedLast;
    private int _extendedFree = ConfigSpace.Extended;

    internal CapabilityList(ConfigSpace config) => _config = config;

    /// <summary>Says where the next one is laid.</summary>
    internal void Place(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(offset & 3, 0, nameof(offset));
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, ConfigHeader.End);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(offset, ConfigSpace.Size);
        if (offset < ConfigSpace.Extended)
        {
            _free = offset;
        }
        else
        {
            _extendedFree = offset;
        }
    }

    /// <summary>Adds a capability at the list's end and returns its offset.</summary>
    internal int Add(byte id, ReadOnlySpan<byte> body, ReadOnlySpan<byte> writable, ReadOnlySpan<byte> clearable)
    {
        int offset = _free;
        int end = offset + 2 + body.Length;
        if (end > ConfigSpace.Extended)
        {
            throw new InvalidOperationException($"No room for a capability {id:X2}h of {body.Length + 2} bytes");
        }

        _config.Define(offset, 2, id);
        _config.Define(offset + 2, body, writable, clearable);
        _config.Define(_link, 1, (uint)offset);
        _config.Define(ConfigHeader.Status, 2, ConfigHeader.StatusCapabilities, clearable: ConfigHeader.StatusClearable);
        _link = offset + 1;
        _free = (end + 3) & ~3;
        return offset;
    }

    /// <summary>Adds an extended capability at the list's end and returns its offset.</summary>
    internal int AddExtended(ushort id, byte version, ReadOnlySpan<byte> body, ReadOnlySpan<byte> writable, ReadOnlySpan<byte> clearable)
    {
        int offset = _extendedFree;
        int end = offset + 4 + body.Length;
        if (end > ConfigSpace.Size)
        {
            throw new InvalidOperationException($"No room for an extended capability {id:X4}h of {body.Length + 4} bytes");
        }

        _config.Define(offset, 4, id | ((uint)version << 16));
        _config.Define(offset + 4, body, writable, clearable);
        if (_extendedLast != 0)
        {
            uint header = _config.Read(_extendedLast, 4);
            _config.Define(_extendedLast, 4, header | ((uint)offset << 20));
        }

        _extendedLast = offset;
        _extendedFree = (end + 3) & ~3;
        return offset;
    }
}
