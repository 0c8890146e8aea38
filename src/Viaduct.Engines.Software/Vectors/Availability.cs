using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>Whether the system lets x87, MMX and SSE instructions run, and what they raise if not (Intel SDM vol. 3A 2.5, 14.1).</summary>
internal static unsafe class Availability
{
    private const ulong NotNow = Cr0.Emulation | Cr0.TaskSwitched;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasSse(CpuState* s) => ((s->Cr0 & NotNow) | (~s->Cr4 & Cr4.FxsaveSupport)) == 0;

    /// <summary>MMX instructions wait for x87 exceptions, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasMmx(CpuState* s) => (s->Cr0 & NotNow) == 0 && !s->X87.IsExceptionPending;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool HasX87(CpuState* s) => (s->Cr0 & NotNow) == 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* NoSse(CpuState* s, Op* op) =>
        Leave.Raise(s, op, (s->Cr0 & Cr0.Emulation) != 0 || (s->Cr4 & Cr4.FxsaveSupport) == 0
            ? Vector.InvalidOpcode
            : Vector.DeviceNotAvailable);

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* NoMmx(CpuState* s, Op* op) =>
        Leave.Raise(s, op, (s->Cr0 & Cr0.Emulation) != 0
            ? Vector.InvalidOpcode
            : (s->Cr0 & Cr0.TaskSwitched) != 0 ? Vector.DeviceNotAvailable : Vector.MathFault);

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* NoX87(CpuState* s, Op* op) => Leave.Raise(s, op, Vector.DeviceNotAvailable);

    /// <summary>An unmasked exception of an SSE computation.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Op* SimdFault(CpuState* s, Op* op) =>
        Leave.Raise(s, op, (s->Cr4 & Cr4.SimdExceptions) != 0 ? Vector.SimdFault : Vector.InvalidOpcode);

    /// <summary>Records #GP(0): the operand at an address isn't aligned.</summary>
    /// <returns>False.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool Refuse(CpuState* s, ulong address)
    {
        s->Fault = new Fault { Vector = Vector.GeneralProtection, HasErrorCode = true, NonCanonical = !Branches.IsCanonical(address) };
        s->Exit = ExitReason.Fault;
        return false;
    }
}
