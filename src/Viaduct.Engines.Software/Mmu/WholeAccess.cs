using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Accesses that other processors see whole where they are naturally aligned.</summary>
internal static unsafe class WholeAccess
{
    /// <summary>Copies a value of 1, 2, 4 or 8 bytes at once, others as it comes.</summary>
    internal static void Move(byte* to, byte* from, int size)
    {
        switch (size)
        {
            case 1:
                *to = *from;
                break;
            case 2:
                Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ushort>(from));
                break;
            case 4:
                Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<uint>(from));
                break;
            case 8:
                Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(from));
                break;
            default:
                Unsafe.CopyBlockUnaligned(to, from, (uint)size);
                break;
        }
    }
}
