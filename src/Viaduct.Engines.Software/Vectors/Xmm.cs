using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>XMM registers by number, and their 16-byte memory operands.</summary>
internal static unsafe class Xmm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref Vector128<byte> At(CpuState* s, int number) =>
        ref Unsafe.AsRef<Vector128<byte>>((Vector128<byte>*)&s->Xmm + number);

    /// <summary>Reads an operand that must be aligned. False when the access faulted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool LoadAligned(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value)
    {
        ulong address = EffectiveAddress.Of(s, op);
        if ((address & 15) != 0)
        {
            Unsafe.SkipInit(out value);
            return Availability.Refuse(s, address);
        }

        return Guest.Load(cpu, s, address, out value);
    }
}
