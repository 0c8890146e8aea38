using System.Buffers.Binary;
using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// Makes an instruction's memory operands reach where a case wants them, its scratch area as a rule, by choosing
/// registers and the displacement.
/// </summary>
internal sealed class OperandPlacer
{
    /// <summary>How far a bit offset in a register may reach around a bit-test operand.</summary>
    private const int BitReach = 256;

    private readonly CaseRandom _random;
    private readonly RegisterPlan _registers;
    private readonly InstructionInfoFactory _information = new();
    private ulong _scratch;
    private bool _mayStray;

    public OperandPlacer(CaseRandom random, RegisterPlan registers)
    {
        _random = random;
        _registers = registers;
    }

    /// <summary>Begins a case.</summary>
    /// <param name="scratch">The address of its scratch area.</param>
    public void Start(ulong scratch) => _scratch = scratch;

    /// <summary>Settles all that an instruction's addresses depend on.</summary>
    /// <param name="instruction">The instruction, with its address.</param>
    /// <param name="offsets">Where its displacement is.</param>
    /// <param name="bytes">Its bytes; the displacement may be changed.</param>
    /// <param name="placed">Told where each operand went.</param>
    /// <returns>False when it can't be done with what is settled already.</returns>
    public bool TryPlace(in Instruction instruction, ConstantOffsets offsets, Span<byte> bytes, List<PlacedOperand> placed)
    {
        _mayStray = MayStray(instruction);
        if (instruction.IsStringInstruction)
        {
            return TryPlaceString(instruction, placed);
        }

        if (IsBitTestInMemory(instruction) && !TryPinBitOffset(instruction.Op1Register))
        {
            return false;
        }

        if (instruction.Mnemonic == Mnemonic.Leave && !_registers.TryPin(Register.RBP, Choose(8, 8)))
        {
            return false;
        }

        InstructionInfo information = _information.GetInfo(instruction);
        foreach (UsedMemory memory in information.GetUsedMemory())
        {
            if (memory.Access is not (OpAccess.None or OpAccess.NoMemAccess)
                && !TryPlace(memory, instruction, offsets, bytes, placed))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsBitTestInMemory(in Instruction instruction) =>
        instruction.Mnemonic is Mnemonic.Bt or Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc
        && instruction.Op0Kind == OpKind.Memory
        && instruction.Op1Kind == OpKind.Register;

    // Makers differ in which byte of a whole state they touch first, and in whether bytes that are masked out fault. MXCSR
    // from anywhere would have bits that some processors have and others don't.
    private static bool MayStray(in Instruction instruction) => instruction.Mnemonic
        is not (Mnemonic.Ldmxcsr or Mnemonic.Maskmovq or Mnemonic.Maskmovdqu or Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor
        or Mnemonic.Fxrstor64 or Mnemonic.Fnsave or Mnemonic.Frstor or Mnemonic.Fnstenv or Mnemonic.Fldenv);

    private static bool UsesNarrowAddress(in Instruction instruction) =>
        instruction.Op0Kind is OpKind.MemoryESEDI or OpKind.MemorySegESI
        || instruction.Op1Kind is OpKind.MemoryESEDI or OpKind.MemorySegESI;

    private static ulong SegmentBase(Register segment) => segment switch
    {
        Register.FS => OracleLayout.FsBase,
        Register.GS => OracleLayout.GsBase,
        _ => 0,
    };

    private bool TryPinBitOffset(Register register)
    {
        long offset = _random.Below(2 * BitReach) - BitReach;
        ulong mask = ulong.MaxValue >> (64 - (register.GetSize() * 8));
        return _registers.TryPin(register, (_random.Next() & ~mask) | ((ulong)offset & mask));
    }

    private bool TryPlaceString(in Instruction instruction, List<PlacedOperand> placed)
    {
        bool wide = !UsesNarrowAddress(instruction);
        if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
        {
            ulong count = (ulong)_random.Below(9);
            if (!_registers.TryPin(Register.RCX, wide ? count : count | (_random.Next() << 32)))
            {
                return false;
            }
        }

        // Processors differ in which of two operands that are compared, if both fault, they fault for.
        bool oneStrays = instruction.Mnemonic is Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq;
        bool strayed = false;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            bool source = kind is OpKind.MemorySegRSI or OpKind.MemorySegESI;
            if (!source && kind is not (OpKind.MemoryESRDI or OpKind.MemoryESEDI))
            {
                continue;
            }

            // Eight elements of eight bytes either way stay inside.
            bool strays = _random.Percent(4) && !(oneStrays && strayed);
            strayed |= strays;
            ulong target = strays ? Stray(8, wide) : _scratch + 128 + (ulong)_random.Below(256);
            ulong value = target - (source ? SegmentBase(instruction.MemorySegment) : 0);
            value = wide ? value : (value & uint.MaxValue) | (_random.Next() << 32);
            if (!_registers.TryPin(source ? Register.RSI : Register.RDI, value))
            {
                return false;
            }

            placed.Add(new PlacedOperand(target, instruction.MemorySize));
        }

        return true;
    }

    private bool TryPlace(in UsedMemory memory, in Instruction instruction, ConstantOffsets offsets, Span<byte> bytes, List<PlacedOperand> placed)
    {
        int size = Math.Max(1, memory.MemorySize.GetSize());
        bool wide = memory.AddressSize != CodeSize.Code32;
        ulong mask = wide ? ulong.MaxValue : uint.MaxValue;
        ulong target = Choose(size, Alignment(instruction, size), wide);
        Register basis = memory.Base;
        Register index = memory.Index;

        ulong known = 0;
        if (index != Register.None)
        {
            if (_registers.IsWritten(index) || (index.GetFullRegister() != basis.GetFullRegister() && !PinIndex(index, basis)))
            {
                return false;
            }

            known = Partial(index) * (ulong)memory.Scale;
        }

        if (basis != Register.None && basis.GetFullRegister() != index.GetFullRegister() && _registers.IsFree(basis))
        {
            ulong value = target - SegmentBase(memory.Segment) - memory.Displacement - known;
            value = wide ? value : (value & mask) | (_random.Next() << 32);
            placed.Add(new PlacedOperand(target, memory.MemorySize));
            return _registers.TryPin(basis, value);
        }

        if (basis != Register.None)
        {
            if (_registers.IsWritten(basis) || !_registers.TryPin(basis, _registers[basis]))
            {
                return false;
            }

            known += _registers[basis];
        }

        bool isOperand = memory.Displacement == instruction.MemoryDisplacement64 && basis.GetFullRegister() == FullBase(instruction);
        if (isOperand && offsets.HasDisplacement && TryPatch(instruction, offsets, bytes, known, target - SegmentBase(memory.Segment), wide))
        {
            placed.Add(new PlacedOperand(target, memory.MemorySize));
            return true;
        }

        // All is settled: good if it happens to be in the scratch area.
        target = ((known + memory.Displacement) & mask) + SegmentBase(memory.Segment);
        placed.Add(new PlacedOperand(target, memory.MemorySize));
        return target - _scratch <= (ulong)(CaseRecord.ScratchLength - size);
    }

    private static Register FullBase(in Instruction instruction) =>
        instruction.IsIPRelativeMemoryOperand ? Register.None : instruction.MemoryBase.GetFullRegister();

    private bool PinIndex(Register index, Register basis)
    {
        if (_registers.IsFree(index) && (basis == Register.None || _random.Percent(50)))
        {
            return _registers.TryPin(index, (ulong)_random.Below(64));
        }

        return _registers.TryPin(index, _registers[index]);
    }

    // XLAT's index is AL.
    private ulong Partial(Register index) => index == Register.AL ? (byte)_registers[index] : _registers[index];

    private static bool TryPatch(in Instruction instruction, ConstantOffsets offsets, Span<byte> bytes, ulong known, ulong target, bool wide)
    {
        ulong origin = instruction.IsIPRelativeMemoryOperand ? instruction.NextIP : known;
        long needed = (long)(target - origin);
        needed = wide ? needed : (int)needed;
        Span<byte> field = bytes[offsets.DisplacementOffset..];
        switch (offsets.DisplacementSize)
        {
            case 1 when needed == (sbyte)needed:
                field[0] = (byte)needed;
                return true;
            case 4 when needed == (int)needed:
                BinaryPrimitives.WriteInt32LittleEndian(field, (int)needed);
                return true;
            case 8:
                BinaryPrimitives.WriteInt64LittleEndian(field, needed);
                return true;
            default:
                return false;
        }
    }

    private int Alignment(in Instruction instruction, int size) =>
        size >= 16 && (!_mayStray || _random.Percent(88)) ? 16
        : instruction.Mnemonic is Mnemonic.Cmpxchg16b ? 16
        : _random.Percent(50) ? Math.Min(size, 8) : 1;

    private ulong Choose(int size, int alignment, bool wide = true)
    {
        if (_mayStray && _random.Percent(4))
        {
            return Stray(size, wide);
        }

        int room = CaseRecord.ScratchLength - size;
        int margin = Math.Min(room / 2, 96);
        ulong offset = (ulong)(margin + _random.Below(Math.Max(1, room - (2 * margin) + 1)));
        return _scratch + (offset & ~(ulong)(alignment - 1));
    }

    /// <summary>A place where an access faults, or just about doesn't.</summary>
    private ulong Stray(int size, bool wide)
    {
        ulong within = (ulong)_random.Below(0x1000 - 0x40);
        return _random.Below(wide ? 7 : 5) switch
        {
            0 => OracleLayout.MissingPage + within,
            1 => OracleLayout.KernelPage + within,
            2 => OracleLayout.ReadOnlyPage + within,
            3 => OracleLayout.MissingPage - (ulong)_random.Below(size + 1),
            4 => OracleLayout.ReadOnlyPage - (ulong)_random.Below(size + 1),
            5 => 0x0000_8000_0000_0000 + within,
            _ => _random.Next() | (1UL << 62),
        };
    }
}
