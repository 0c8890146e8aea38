using System.Numerics;
using Iced.Intel;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Emits guest addresses, and the look-up that makes host addresses of them.</summary>
internal sealed class OperandEmitter
{
    private const int First = HostRegisters.First;
    private const int Second = HostRegisters.Second;
    private const int StateRegister = HostRegisters.State;
    private const int ReadTag = 0;
    private const int WriteTag = 8;
    private const int HostPage = 16;

    private readonly HostAssembler _code;
    private readonly StubList _stubs;
    private readonly FlagKeeper _flags;

    internal OperandEmitter(HostAssembler code, StubList stubs, FlagKeeper flags)
    {
        _code = code;
        _stubs = stubs;
        _flags = flags;
    }

    /// <summary>The privilege of the code that is translated.</summary>
    internal ulong AccessMode { get; set; }

    /// <summary>The linear address of a memory operand into the first scratch register.</summary>
    internal void Address(in Instruction i)
    {
        Offset(i, First, 8);
        if (i.MemorySegment is Register.FS or Register.GS)
        {
            _code.Memory(0x03, 8, First, StateRegister, StateOffsets.SegmentBases + (Lowering.Registers.SegmentOf(i.MemorySegment) * 8));
        }
    }

    /// <summary>A memory operand's address without its segment into a host register. May use both scratch registers.</summary>
    internal void Offset(in Instruction i, int to, int size)
    {
        int @base = HostAssembler.None;
        int index = HostAssembler.None;
        long displacement = (long)i.MemoryDisplacement64;
        if (i.MemoryBase == Register.RIP)
        {
            _code.Load(First, StateRegister, StateOffsets.CodeBase);
            @base = First;
        }
        else if (i.MemoryBase != Register.None)
        {
            @base = Bring(InstructionKinds.NumberOf(i.MemoryBase), First);
        }

        if (i.MemoryIndex != Register.None)
        {
            index = Bring(InstructionKinds.NumberOf(i.MemoryIndex), Second);
        }

        if (@base == HostAssembler.None && index == HostAssembler.None)
        {
            _code.MoveImmediate(to, size == 4 ? (uint)displacement : displacement);
        }
        else if (index == HostAssembler.None)
        {
            if (@base != to || displacement != 0 || size == 4)
            {
                Sum(to, @base, (int)displacement, size);
            }
        }
        else
        {
            _code.Indexed(0x8D, size, to, @base, index, BitOperations.Log2((uint)i.MemoryIndexScale), (int)displacement);
        }
    }

    /// <summary>A guest register's host register, loaded into a scratch one where it is in the state.</summary>
    internal int Bring(int guest, int scratch)
    {
        if (!HostRegisters.IsInState(guest))
        {
            return HostRegisters.Of(guest);
        }

        _code.Load(scratch, StateRegister, guest * 8);
        return scratch;
    }

    /// <summary>
    /// Makes the host address of the linear address in the first scratch register. Uses the second, and the host's
    /// flags, which must have been given up before.
    /// </summary>
    /// <returns>The stub for what the look-up can't answer.</returns>
    internal int LookUp(in GuestInstruction guest, int size, bool write, bool aligned, int stub = -1)
    {
        int table = StateBlock.OffsetOfTlb(AccessMode);
        _code.Registers(0x8B, 4, Second, First);
        _code.ShiftRight(Second, 7);
        _code.Immediate(4, 4, Second, (TlbEntry.Count - 1) << 5);
        _code.Indexed(0x33, 8, First, StateRegister, Second, 0, table + (write ? WriteTag : ReadTag));
        _code.Immediate(7, 8, First, 4096 - size);
        int miss = _code.JumpIf(HostAssembler.Above);
        int misaligned = 0;
        if (aligned)
        {
            // TEST r12b, 15
            _code.Byte(0x41);
            _code.Byte(0xF6);
            _code.Byte(0xC4);
            _code.Byte(15);
            misaligned = _code.JumpIf(HostAssembler.NotZero);
        }

        _code.Indexed(0x03, 8, First, StateRegister, Second, 0, table + HostPage);
        if (stub >= 0)
        {
            _stubs[stub].ThirdJump = miss;
            return stub;
        }

        return _stubs.Add(new Stub { FirstJump = miss, SecondJump = misaligned, Flags = _flags.Place, Op = guest.Op });
    }

    private void Sum(int to, int @base, int displacement, int size)
    {
        if (displacement == 0)
        {
            _code.Registers(0x8B, size, to, @base);
        }
        else
        {
            _code.Memory(0x8D, size, to, @base, displacement);
        }
    }
}
