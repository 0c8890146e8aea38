using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>Where the source operand of an SSE instruction comes from.</summary>
internal unsafe interface IVectorSource
{
    /// <summary>Reads it, zero-extended. False when the access faulted; the fault is recorded.</summary>
    static abstract bool Load(SoftwareCpu cpu, CpuState* s, Op* op, out Vector128<byte> value);
}
