namespace Viaduct.Engines.Software.Segmentation;

/// <summary>A segment descriptor as it lies in memory (Intel SDM vol. 3A 3.4.5).</summary>
internal readonly struct Descriptor(ulong raw)
{
    internal const ushort TypeMask = 0xF;
    internal const ushort NonSystem = 1 << 4;
    internal const ushort Present = 1 << 7;
    internal const ushort Long = 1 << 13;
    internal const ushort Big = 1 << 14;
    internal const ushort Granular = 1 << 15;
    internal const ushort Executable = 1 << 3;
    internal const ushort Conforming = 1 << 2;
    internal const ushort ReadWrite = 1 << 1;
    internal const ushort AccessedBit = 1 << 0;

    internal const int TypeLdt = 2;
    internal const int TypeTssAvailable = 9;
    internal const int TypeTssBusy = 11;

    internal ulong Raw => raw;

    internal ushort Attributes => (ushort)((raw >> 40) & 0xF0FF);

    internal int Type => Attributes & TypeMask;

    internal int Dpl => (Attributes >> 5) & 3;

    internal bool IsPresent => (Attributes & Present) != 0;

    internal bool IsSystem => (Attributes & NonSystem) == 0;

    internal bool IsCode => !IsSystem && (Attributes & Executable) != 0;

    internal bool IsConforming => (Attributes & Conforming) != 0;

    /// <summary>Code that may be read, or data that may be written.</summary>
    internal bool IsReadWrite => (Attributes & ReadWrite) != 0;

    internal uint Base => (uint)(((raw >> 16) & 0xFFFFFF) | ((raw >> 32) & 0xFF000000));

    internal uint Limit
    {
        get
        {
            uint limit = (uint)((raw & 0xFFFF) | ((raw >> 32) & 0xF0000));
            return (Attributes & Granular) != 0 ? (limit << 12) | 0xFFF : limit;
        }
    }

    /// <summary>The register that loading this descriptor gives.</summary>
    internal SegmentRegister ToRegister(ushort selector) => new()
    {
        Base = Base,
        Limit = Limit,
        Attributes = Attributes,
        Selector = selector,
    };
}
