using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.State;

/// <summary>The part of the state that only translated code and its callers use.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TranslatedState
{
    /// <summary>Guest arithmetic flags as LAHF and SETO AL leave them in AX; right where translated code was left and before it is entered.</summary>
    internal ulong Flags;

    /// <summary>Instructions that may still be finished before translated code must be left.</summary>
    internal long Budget;

    /// <summary>Non-zero where SSE instructions raise an exception.</summary>
    internal ulong SseBlocked;

    /// <summary>A value kept over a few host instructions.</summary>
    internal ulong Scratch;

    /// <summary>Where to go on after an instruction that was left to the interpreter; or the jump that led out.</summary>
    internal byte* Resume;

    /// <summary>The linear address that a jump led to.</summary>
    internal ulong Target;
}
