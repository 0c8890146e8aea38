using System.Runtime.InteropServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Distances in the processor's state.</summary>
internal static unsafe class StateOffsets
{
    // Kept for good; only its fields' addresses are taken.
    private static readonly CpuState* _sample = (CpuState*)NativeMemory.Alloc((nuint)sizeof(CpuState));

    internal static readonly int Flags = Of(&_sample->Translated.Flags);
    internal static readonly int Budget = Of(&_sample->Translated.Budget);
    internal static readonly int SseBlocked = Of(&_sample->Translated.SseBlocked);
    internal static readonly int Scratch = Of(&_sample->Translated.Scratch);
    internal static readonly int Resume = Of(&_sample->Translated.Resume);
    internal static readonly int Target = Of(&_sample->Translated.Target);
    internal static readonly int SegmentBases = Of(_sample->SegmentBases);
    internal static readonly int Xmm = Of(&_sample->Xmm);

    /// <summary>The linear address of the page that runs.</summary>
    internal const int CodeBase = CpuState.CodeBaseRegister;

    private static int Of(void* field) => (int)((byte*)field - (byte*)_sample);
}
