using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.TestBoard;

/// <summary>Four ports that give back what was written to them last, for tests of port instructions (QEMU's pc-testdev, ports E0H and E8H).</summary>
public sealed class ScratchPort : IAccessHandler
{
    /// <summary>Where it is.</summary>
    public const ushort Port = 0xE0;

    /// <summary>Where another is.</summary>
    public const ushort SecondPort = 0xE8;

    /// <summary>How many ports each has.</summary>
    public const ushort PortCount = 4;

    private uint _value;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = (Volatile.Read(ref _value) >> (int)(offset * 8)) & (uint.MaxValue >> (32 - (size * 8)));
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        uint mask = (uint.MaxValue >> (32 - (size * 8))) << (int)(offset * 8);
        uint before = Volatile.Read(ref _value);
        Volatile.Write(ref _value, (before & ~mask) | (((uint)value << (int)(offset * 8)) & mask));
        return AccessStatus.Done;
    }
}
