using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>Where the source operand of an MMX instruction comes from.</summary>
internal unsafe interface IMmxSource
{
    /// <summary>Reads it, zero-extended. False when the access faulted; the fault is recorded.</summary>
    static abstract bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out ulong value);
}
