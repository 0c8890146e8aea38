using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>An operation that replaces one operand, as a type parameter; further operands are in the op.</summary>
internal unsafe interface IModify
{
    /// <summary>The operand's new value, its upper bits undefined; sets the flags.</summary>
    static abstract ulong Compute<TWidth>(CpuState* s, Op* op, ulong value)
        where TWidth : IWidth;
}
