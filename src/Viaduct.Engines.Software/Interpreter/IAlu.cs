using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>An operation on two integers that sets flags, as a type parameter.</summary>
internal unsafe interface IAlu
{
    /// <summary>Whether the result is kept: not for CMP and TEST.</summary>
    static abstract bool Writes { get; }

    /// <summary>The result, its upper bits undefined; sets the flags.</summary>
    static abstract ulong Compute<TWidth>(CpuState* s, ulong left, ulong right)
        where TWidth : IWidth;
}
