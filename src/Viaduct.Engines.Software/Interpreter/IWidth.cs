using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>An operand size, as a type parameter, so that the compiler makes code for each.</summary>
internal unsafe interface IWidth
{
    static abstract int Bytes { get; }

    static abstract int Bits { get; }

    /// <summary>Reads a register or memory, zero-extended.</summary>
    static abstract ulong Read(byte* from);

    /// <summary>Writes a register: 32 bits clear the upper half, 8 and 16 leave the rest.</summary>
    static abstract void WriteRegister(byte* to, ulong value);

    /// <summary>Writes memory.</summary>
    static abstract void Write(byte* to, ulong value);

    static abstract ulong Truncate(ulong value);

    static abstract ulong SignExtend(ulong value);

    static abstract bool Load(SoftwareCpu cpu, CpuState* s, ulong address, out ulong value);

    static abstract bool Store(SoftwareCpu cpu, CpuState* s, ulong address, ulong value);

    /// <summary>Atomically replaces what memory holds if it is as expected.</summary>
    static abstract bool TryExchange(byte* at, ulong expected, ulong value);
}
