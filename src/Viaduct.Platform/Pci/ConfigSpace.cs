using Viaduct.Platform.State;

namespace Viaduct.Platform.Pci;

/// <summary>
/// The 4096 bytes of a function's configuration space with, for each bit, whether the guest writes it, clears it by
/// writing one, or only reads it, and its value after reset. Reads take no lock; writers hold the topology's.
/// </summary>
internal sealed class ConfigSpace
{
    internal const int Size = 4096;

    /// <summary>Where the extended capabilities begin; before it lies the space that PCI had.</summary>
    internal const int Extended = 0x100;

    private readonly uint[] _data = new uint[Size / 4];
    private readonly uint[] _writable = new uint[Size / 4];
    private readonly uint[] _clearable = new uint[Size / 4];
    private readonly uint[] _reset = new uint[Size / 4];

    /// <summary>Whether an access is one that configuration requests can make: naturally aligned, inside the space.</summary>
    internal static bool IsAccess(int offset, int size) =>
        size is 1 or 2 or 4 && (uint)offset <= Size - 1 && (offset & (size - 1)) == 0;

    internal uint Read(int offset, int size)
    {
        uint value = Volatile.Read(ref _data[offset >> 2]) >> ((offset & 3) * 8);
        return value & Lanes(size);
    }

    /// <summary>A write by the guest: through the masks.</summary>
    internal void Write(int offset, int size, uint value)
    {
        int index = offset >> 2;
        int shift = (offset & 3) * 8;
        uint lanes = Lanes(size) << shift;
        uint writable = _writable[index] & lanes;
        uint clearable = _clearable[index] & lanes;
        if ((writable | clearable) != 0)
        {
            value <<= shift;
            uint old = _data[index];
            Volatile.Write(ref _data[index], (old & ~writable & ~(clearable & value)) | (value & writable));
        }
    }

    /// <summary>A change by the device: past the masks, gone at the next reset.</summary>
    internal void Set(int offset, int size, uint value)
    {
        int index = offset >> 2;
        int shift = (offset & 3) * 8;
        uint lanes = Lanes(size) << shift;
        Volatile.Write(ref _data[index], (_data[index] & ~lanes) | ((value << shift) & lanes));
    }

    /// <summary>Lays out a register of up to four bytes: its value now and after each reset, and the bits the guest writes or clears.</summary>
    internal void Define(int offset, int size, uint value, uint writable = 0, uint clearable = 0)
    {
        int index = offset >> 2;
        int shift = (offset & 3) * 8;
        uint keep = ~(Lanes(size) << shift);
        uint lanes = ~keep;
        Volatile.Write(ref _data[index], (_data[index] & keep) | ((value << shift) & lanes));
        _reset[index] = (_reset[index] & keep) | ((value << shift) & lanes);
        _writable[index] = (_writable[index] & keep) | ((writable << shift) & lanes);
        _clearable[index] = (_clearable[index] & keep) | ((clearable << shift) & lanes);
    }

    /// <summary>Changes which bits of a register the guest writes; its values stay.</summary>
    internal void Permit(int offset, int size, uint writable)
    {
        int index = offset >> 2;
        int shift = (offset & 3) * 8;
        _writable[index] = (_writable[index] & ~(Lanes(size) << shift)) | ((writable & Lanes(size)) << shift);
    }

    /// <summary>Lays out bytes; a mask that is shorter than <paramref name="bytes"/> goes on with zeros.</summary>
    internal void Define(int offset, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> writable, ReadOnlySpan<byte> clearable)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            Define(offset + i, 1, bytes[i], i < writable.Length ? writable[i] : 0u, i < clearable.Length ? clearable[i] : 0u);
        }
    }

    /// <summary>Writes the bits that the guest writes; the rest is the device's state or never changes.</summary>
    internal void Save(StateWriter writer)
    {
        for (int i = 0; i < _data.Length; i++)
        {
            writer.UInt32(Volatile.Read(ref _data[i]) & _writable[i]);
        }
    }

    /// <summary>Takes bits that the guest wrote.</summary>
    internal void Restore(StateReader reader)
    {
        for (int i = 0; i < _data.Length; i++)
        {
            Volatile.Write(ref _data[i], (_data[i] & ~_writable[i]) | (reader.UInt32() & _writable[i]));
        }
    }

    /// <summary>Takes every register to its reset value.</summary>
    internal void Reset()
    {
        for (int i = 0; i < _data.Length; i++)
        {
            Volatile.Write(ref _data[i], _reset[i]);
        }
    }

    private static uint Lanes(int size) => uint.MaxValue >> (32 - (size * 8));
}
