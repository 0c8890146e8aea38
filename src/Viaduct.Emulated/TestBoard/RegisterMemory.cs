using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.TestBoard;

/// <summary>64 KiB that give back what was written but are registers, not memory, so that each access is answered by itself (QEMU's pc-testdev).</summary>
public sealed class RegisterMemory : IAccessHandler
{
    /// <summary>Where it is.</summary>
    public const ulong Address = 0xFF00_0000;

    /// <summary>Its bytes.</summary>
    public const ulong Length = 0x1_0000;

    private readonly byte[] _bytes = new byte[Length];
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        lock (_gate)
        {
            for (int i = 0; i < size && offset + (uint)i < Length; i++)
            {
                value |= (ulong)_bytes[offset + (uint)i] << (i * 8);
            }
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        lock (_gate)
        {
            for (int i = 0; i < size && offset + (uint)i < Length; i++)
            {
                _bytes[offset + (uint)i] = (byte)(value >> (i * 8));
            }
        }

        return AccessStatus.Done;
    }
}
