using Iced.Intel;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// Makes random cases: one to four instructions and the state before them. A case is a function of seed, index and the
/// set of forms, so that any can be made again alone.
/// </summary>
internal sealed unsafe class CaseBuilder
{
    private const int MaxInstructions = 4;
    private const int MaxAttempts = 400;
    private const int EncodingRoom = 32;
    private const ulong TrapFlag = 0x100;
    private const ulong NestedTaskFlag = 0x4000;
    private const ulong AlignmentCheckFlag = 0x4_0000;

    private readonly InstructionForms _forms;
    private readonly CaseRandom _random = new();
    private readonly RegisterPlan _registers = new();
    private readonly UndefinedResults _undefined = new();
    private readonly OperandPlacer _placer;
    private readonly BranchAimer _aimer;
    private readonly InstructionInfoFactory _information = new();
    private readonly List<PlacedOperand> _placed = [];
    private readonly List<Instruction> _instructions = [];
    private readonly List<Range> _ignored = [];
    private CodePlace _place;
    private Mnemonic _mnemonic;

    /// <param name="forms">What to choose from.</param>
    public CaseBuilder(InstructionForms forms)
    {
        _forms = forms;
        _placer = new OperandPlacer(_random, _registers);
        _aimer = new BranchAimer(_random, _registers);
    }

    /// <summary>Makes a case and writes its record and its code.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="index">The case's number; its slot is the number modulo the number of slots.</param>
    public TestCase Build(HostMemory memory, ulong seed, ulong index)
    {
        int slot = (int)(index % OracleLayout.MaxCases);
        ulong recordAddress = OracleLayout.RecordAddress(slot);
        CaseRecord* record = OracleImage.Record(memory, slot);
        *record = default;

        _random.Start(seed, index);
        _place = CodePlace.Of(slot, _random);
        _registers.Start(_random);
        _undefined.Start();
        _placer.Start(recordAddress + CaseRecord.ScratchOffset);
        _instructions.Clear();
        _ignored.Clear();
        _ = _registers.TryPin(Register.RSP, recordAddress + CaseRecord.ScratchOffset + 256 + (_random.Percent(5) ? (ulong)_random.Below(8) : 0));
        StateFiller.Fill(record, _random);

        Span<byte> code = stackalloc byte[(MaxInstructions + 1) * EncodingRoom];
        int wanted = _place.CrossesPage || _random.Percent(60) ? 1 : 2 + _random.Below(MaxInstructions - 1);
        int length = 0;
        for (int attempt = 0; _instructions.Count < wanted && (attempt < MaxAttempts || _instructions.Count == 0); attempt++)
        {
            length += TryAdd(record, code[length..], _place.Entry + (ulong)length, recordAddress, _instructions.Count == wanted - 1);
        }

        if (_instructions.Exists(static instruction => Suitability.IsPopFlags(instruction)))
        {
            // An alignment check would hit the driver; hypervisors don't carry NT through a fault of their own.
            ulong mask = AlignmentCheckFlag | NestedTaskFlag | (_random.Percent(80) ? TrapFlag : 0);
            *(ulong*)(record->Scratch + (_registers[Register.RSP] - recordAddress - CaseRecord.ScratchOffset)) &= ~mask;
        }

        if (_mnemonic == Mnemonic.Fyl2xp1)
        {
            StateFiller.MakeSmall(record, _random);
        }

        _registers.Values.CopyTo(new Span<ulong>(record->Before.Registers, 16));
        record->Target = _place.Entry;
        byte[] bytes = code[..length].ToArray();
        OracleImage.WriteCode(memory, _place.Entry, bytes);
        return new TestCase(index, _mnemonic, bytes, [.. _instructions], _undefined.Flags(false), _undefined.Flags(true), _undefined.Status, [.. _ignored]);
    }

    /// <summary>Adds one instruction. Returns its length, zero when what came out doesn't fit.</summary>
    private int TryAdd(CaseRecord* record, Span<byte> code, ulong address, ulong recordAddress, bool last)
    {
        OpCodeInfo[] group = _forms.Groups[_random.Below(_forms.Groups.Length)];
        OpCodeInfo form = group[_random.Below(group.Length)];
        Span<byte> bytes = code[..EncodingRoom];
        RandomEncoding.Write(form, _random, bytes);
        if (!TryDecode(bytes, address, out Instruction instruction, out ConstantOffsets offsets))
        {
            return last && IsBadlyLocked(bytes) ? AddBadlyLocked(instruction, form.Mnemonic, bytes.Length, address) : 0;
        }

        if (!Fits(instruction, bytes, last))
        {
            return 0;
        }

        RegisterPlan.Snapshot saved = _registers.Save();
        _placed.Clear();
        PatchImmediate(instruction, offsets, bytes);
        SuggestOperands(instruction);
        bool good = _placer.TryPlace(instruction, offsets, bytes, _placed)
            && (instruction.FlowControl == FlowControl.Next || _aimer.TryAim(instruction, offsets, bytes, _place, record, recordAddress, _placed))
            && TryDecode(bytes, address, out Instruction final, out _)
            && final.Code == instruction.Code
            && final.Length == instruction.Length
            && _undefined.TryAdd(final, UndefinedResults.IsShift(final.Mnemonic) ? ShiftCount(final) : -1);
        if (!good)
        {
            _registers.Restore(saved);
            return 0;
        }

        _ = TryDecode(bytes, address, out instruction, out _);
        FillOperands(instruction, record, recordAddress);
        NoteWrites(instruction);
        _instructions.Add(instruction);
        _mnemonic = instruction.Mnemonic;
        return instruction.Length;
    }

    /// <summary>Whether LOCK is all that is wrong with bytes that don't decode: #UD to all processors, but that some overlook it with group 15 and hints.</summary>
    private bool IsBadlyLocked(ReadOnlySpan<byte> bytes)
    {
        const byte Lock = 0xF0;
        int prefixes = bytes.IndexOfAnyExcept(RandomEncoding.Prefixes);
        int at = bytes[..prefixes].IndexOf(Lock);
        if (at < 0)
        {
            return false;
        }

        byte[] without = [.. bytes[..at], .. bytes[(at + 1)..]];
        return TryDecode(without, _place.Entry, out Instruction instruction, out _)
            && !IgnoresLock(instruction.Code.ToOpCode())
            && _forms.Contains(instruction);
    }

    private static bool IgnoresLock(OpCodeInfo form)
    {
        uint opcode = form.OpCodeLength == 2 ? form.OpCode >> 8 : form.OpCode;
        return form.Table == OpCodeTableKind.T0F && opcode is 0xAE or 0x0D or (>= 0x18 and <= 0x1F);
    }

    private int AddBadlyLocked(in Instruction instruction, Mnemonic mnemonic, int room, ulong address)
    {
        const int MaxInstructionLength = 15;
        Instruction undefined = instruction;
        undefined.Length = Math.Min(MaxInstructionLength, room);
        undefined.IP = address;
        _instructions.Add(undefined);
        _mnemonic = mnemonic;
        return undefined.Length;
    }

    /// <summary>What CL holds when a shift by it runs, −1 when an earlier instruction has written it.</summary>
    private int ShiftCount(in Instruction instruction)
    {
        if (instruction.GetOpKind(instruction.OpCount - 1) != OpKind.Register || _registers.IsWritten(Register.RCX))
        {
            return -1;
        }

        // What is undefined depends on it, so it must not be chosen again.
        _ = _registers.TryPin(Register.RCX, _registers[Register.RCX]);
        return (byte)_registers[Register.RCX];
    }

    private static bool TryDecode(Span<byte> bytes, ulong address, out Instruction instruction, out ConstantOffsets offsets)
    {
        byte[] copy = bytes.ToArray();
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(copy), address);
        decoder.Decode(out instruction);
        offsets = decoder.GetConstantOffsets(instruction);
        return !instruction.IsInvalid;
    }

    private bool Fits(in Instruction instruction, ReadOnlySpan<byte> bytes, bool last) =>
        _forms.Contains(instruction)
        && Suitability.IsPortable(instruction, bytes)
        && Suitability.FitsPosition(instruction, _instructions.Count == 0, last);

    private void PatchImmediate(in Instruction instruction, ConstantOffsets offsets, Span<byte> bytes)
    {
        if (instruction.FlowControl != FlowControl.Next)
        {
            return;
        }

        if (instruction.Mnemonic == Mnemonic.Enter)
        {
            bytes[offsets.ImmediateOffset] &= 0x7F;
            bytes[offsets.ImmediateOffset + 1] = 0;
            bytes[offsets.ImmediateOffset2] &= 3;
        }
        else if (offsets.HasImmediate && _random.Percent(60))
        {
            ulong number = _random.Number();
            for (int i = 0; i < offsets.ImmediateSize; i++)
            {
                bytes[offsets.ImmediateOffset + i] = (byte)(number >> (8 * i));
            }
        }
    }

    /// <summary>Makes results likely that random registers hardly ever give: divisions that don't overflow, comparisons that are equal.</summary>
    private void SuggestOperands(in Instruction instruction)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Div when _random.Percent(80):
                _registers.Suggest(Register.RDX, (ulong)_random.Below(3));
                break;
            case Mnemonic.Idiv when _random.Percent(80):
                _registers.Suggest(Register.RDX, 0 - ((_registers[Register.RAX] >> 63) & 1));
                break;
            case Mnemonic.Cmpxchg when instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR() && _random.Percent(50):
                _registers.Suggest(Register.RAX, _registers[instruction.Op0Register]);
                break;
            case Mnemonic.Loop or Mnemonic.Loope or Mnemonic.Loopne or Mnemonic.Jecxz or Mnemonic.Jrcxz when _random.Percent(70):
                _registers.Suggest(Register.RCX, (ulong)_random.Below(3));
                break;
            default:
                break;
        }
    }

    private void FillOperands(in Instruction instruction, CaseRecord* record, ulong recordAddress)
    {
        Span<byte> area = new(record->Scratch, CaseRecord.ScratchLength);
        ulong start = recordAddress + CaseRecord.ScratchOffset;
        foreach (PlacedOperand operand in _placed)
        {
            int size = operand.Size.GetSize();
            ulong offset = operand.Address - start;
            if (size == 0 || offset > (ulong)(CaseRecord.ScratchLength - size))
            {
                continue;
            }

            Span<byte> bytes = area.Slice((int)offset, size);
            if (instruction.FlowControl == FlowControl.Next)
            {
                OperandFiller.Fill(instruction, operand.Size, bytes, _registers, _random);
            }

            OperandFiller.AddIgnored(instruction, (int)offset, _ignored);
        }
    }

    private void NoteWrites(in Instruction instruction)
    {
        foreach (UsedRegister used in _information.GetInfo(instruction).GetUsedRegisters())
        {
            bool isStack = used.Register.GetFullRegister() == Register.RSP
                && instruction.StackPointerIncrement != 0
                && !(instruction.Op0Kind == OpKind.Register && instruction.Op0Register.GetFullRegister() == Register.RSP);
            if (!isStack && used.Access is OpAccess.Write or OpAccess.CondWrite or OpAccess.ReadWrite or OpAccess.ReadCondWrite)
            {
                _registers.NoteWritten(used.Register);
            }
        }
    }
}
