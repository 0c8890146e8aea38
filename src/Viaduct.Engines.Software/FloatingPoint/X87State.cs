using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// The x87 FPU, and with it the MMX registers: an unmanaged block for the processor's state. Registers are physical
/// (R0 to R7); the stack's ST(i) is register (TOP + i) mod 8.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct X87State
{
    internal const ushort DefaultControl = 0x037F;
    private const ushort MmxExponent = 0xFFFF;

    private ushort _control;
    private ushort _status;
    private byte _valid;
    private ushort _opcode;
    private ulong _instructionPointer;
    private ulong _dataPointer;
    private RegisterFile _registers;

    /// <summary>Control word. Bit 6 always reads one. Writing it decides anew whether an exception is pending.</summary>
    public ushort Control
    {
        readonly get => _control;
        set
        {
            _control = (ushort)((value & 0x1F3F) | 0x40);
            Summarize();
        }
    }

    /// <summary>Status word with TOP, condition codes and exception flags.</summary>
    public ushort Status
    {
        readonly get => _status;
        set
        {
            _status = value;
            Summarize();
        }
    }

    /// <summary>The abridged tag word: bit <c>i</c> set if physical register <c>i</c> isn't empty.</summary>
    public byte ValidRegisters
    {
        readonly get => _valid;
        set => _valid = value;
    }

    /// <summary>The last non-control instruction: low three bits of its first byte, then its second byte.</summary>
    public ushort LastOpcode
    {
        readonly get => _opcode;
        set => _opcode = (ushort)(value & 0x7FF);
    }

    /// <summary>Address of the last non-control instruction.</summary>
    public ulong InstructionPointer
    {
        readonly get => _instructionPointer;
        set => _instructionPointer = value;
    }

    /// <summary>Address of the last non-control instruction's memory operand.</summary>
    public ulong DataPointer
    {
        readonly get => _dataPointer;
        set => _dataPointer = value;
    }

    /// <summary>An unmasked exception waits for the next waiting x87 or MMX instruction, which gets #MF instead.</summary>
    public readonly bool IsExceptionPending => (_status & X87Status.ErrorSummary) != 0;

    internal readonly int Top => (_status >> X87Status.TopShift) & 7;

    internal readonly FloatExceptions Masks => (FloatExceptions)_control & FloatExceptions.All;

    internal readonly int Precision => (_control & 0x300) switch
    {
        0x000 => 24,
        0x200 => 53,
        _ => 64,
    };

    /// <summary>Processor power-up and reset: as FNINIT, but with all registers zero (SDM vol. 3A, table 9-1).</summary>
    public void Reset()
    {
        this = default;
        _control = 0x40;
        _valid = 0xFF;
    }

    /// <summary>FNINIT: registers keep their contents and become empty.</summary>
    public void Initialize()
    {
        _control = DefaultControl;
        _status = 0;
        _valid = 0;
        _opcode = 0;
        _instructionPointer = 0;
        _dataPointer = 0;
    }

    /// <summary>MM<paramref name="index"/>. Every MMX instruction but EMMS first calls <see cref="EnterMmx"/>.</summary>
    public readonly ulong ReadMmx(int index) => _registers[index & 7].Significand;

    /// <summary>Writes MM<paramref name="index"/>; the register's exponent becomes all ones.</summary>
    public void WriteMmx(int index, ulong value) => _registers[index & 7] = new Float80(MmxExponent, value);

    /// <summary>What every MMX instruction but EMMS does to the FPU: TOP becomes 0 and no register is empty.</summary>
    public void EnterMmx()
    {
        _status &= unchecked((ushort)~X87Status.Top);
        _valid = 0xFF;
    }

    /// <summary>EMMS: all registers become empty, and the stack's top is register 0 as after any MMX instruction.</summary>
    public void LeaveMmx()
    {
        _valid = 0;
        _status &= unchecked((ushort)~X87Status.Top);
    }

    /// <summary>Physical register <paramref name="index"/>.</summary>
    internal readonly Float80 GetPhysical(int index) => _registers[index & 7];

    internal void SetPhysical(int index, Float80 value) => _registers[index & 7] = value;

    internal readonly bool IsEmpty(int stackIndex) => (_valid & (1 << ((Top + stackIndex) & 7))) == 0;

    internal readonly Float80 Read(int stackIndex) => _registers[(Top + stackIndex) & 7];

    internal void Write(int stackIndex, Float80 value)
    {
        var register = (Top + stackIndex) & 7;
        _registers[register] = value;
        _valid |= (byte)(1 << register);
    }

    internal void Free(int stackIndex) => _valid &= (byte)~(1 << ((Top + stackIndex) & 7));

    internal void MoveTop(int by) =>
        _status = (ushort)((_status & ~X87Status.Top) | (((Top + by) & 7) << X87Status.TopShift));

    internal void Push(Float80 value)
    {
        MoveTop(-1);
        Write(0, value);
    }

    internal void Pop(int count)
    {
        for (; count > 0; count--)
        {
            Free(0);
            MoveTop(1);
        }
    }

    internal void SetConditions(int mask, int value) => _status = (ushort)((_status & ~mask) | (value & mask));

    /// <summary>Adds exception flags (and possibly SF) to the status word.</summary>
    internal void Raise(int flags)
    {
        _status |= (ushort)flags;
        Summarize();
    }

    /// <summary>
    /// Notes a stack fault: C1 tells an overflow from an underflow.
    /// </summary>
    /// <returns>Whether invalid operation is masked, so that the instruction goes on with the indefinite.</returns>
    internal bool StackFault(bool overflow)
    {
        SetConditions(X87Status.C1, overflow ? X87Status.C1 : 0);
        Raise(X87Status.StackFault | (int)FloatExceptions.Invalid);
        return (Masks & FloatExceptions.Invalid) != 0;
    }

    private void Summarize()
    {
        var unmasked = (FloatExceptions)_status & FloatExceptions.All & ~Masks;
        const ushort Pending = X87Status.ErrorSummary | X87Status.Busy;
        _status = unmasked != 0 ? (ushort)(_status | Pending) : (ushort)(_status & ~Pending);
    }

    [InlineArray(8)]
    private struct RegisterFile
    {
        private Float80 _first;
    }
}
