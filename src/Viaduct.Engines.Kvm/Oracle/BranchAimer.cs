using System.Buffers.Binary;
using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Lets branches end on a breakpoint of their own slot, so that where they went is seen.</summary>
internal sealed unsafe class BranchAimer
{
    private readonly CaseRandom _random;
    private readonly RegisterPlan _registers;

    public BranchAimer(CaseRandom random, RegisterPlan registers)
    {
        _random = random;
        _registers = registers;
    }

    /// <summary>Aims a branch. False when that can't be done with what is settled already.</summary>
    /// <param name="instruction">The branch.</param>
    /// <param name="offsets">Where its displacement is.</param>
    /// <param name="bytes">Its bytes; the displacement may be changed.</param>
    /// <param name="place">Where the case's code is.</param>
    /// <param name="record">The case; an indirect branch's target is put into its scratch area.</param>
    /// <param name="recordAddress">The record's address.</param>
    /// <param name="placed">Where the branch's memory operands are.</param>
    public bool TryAim(
        in Instruction instruction,
        ConstantOffsets offsets,
        Span<byte> bytes,
        CodePlace place,
        CaseRecord* record,
        ulong recordAddress,
        List<PlacedOperand> placed)
    {
        ulong target = _random.Percent(3)
            ? OracleLayout.MissingPage + (ulong)_random.Below(0x1000)
            : place.BranchTarget(instruction.NextIP, _random);
        switch (instruction.FlowControl)
        {
            case FlowControl.ConditionalBranch:
            case FlowControl.UnconditionalBranch:
            case FlowControl.Call:
                return instruction.Op0Kind == OpKind.NearBranch64 && TryPatch(instruction, offsets, bytes, target, place);
            case FlowControl.IndirectBranch or FlowControl.IndirectCall when instruction.Op0Kind == OpKind.Register:
                return _registers.TryPin(instruction.Op0Register, target);
            case FlowControl.IndirectBranch or FlowControl.IndirectCall:
                Write(record, placed[0].Address - recordAddress, target);
                return true;
            case FlowControl.Return:
                Write(record, _registers[Register.RSP] - recordAddress, target);
                return true;
            default:
                return true;
        }
    }

    private bool TryPatch(in Instruction instruction, ConstantOffsets offsets, Span<byte> bytes, ulong target, CodePlace place)
    {
        long distance = (long)(target - instruction.NextIP);
        if (offsets.ImmediateSize == 1)
        {
            distance = distance == (sbyte)distance ? distance : (long)(place.BranchTarget(instruction.NextIP, _random) - instruction.NextIP);
            bytes[offsets.ImmediateOffset] = (byte)distance;
            return distance == (sbyte)distance;
        }

        BinaryPrimitives.WriteInt32LittleEndian(bytes[offsets.ImmediateOffset..], (int)distance);
        return offsets.ImmediateSize == 4;
    }

    private static void Write(CaseRecord* record, ulong offset, ulong value)
    {
        // Outside the scratch area the operand was sent to where it faults.
        ulong within = offset - CaseRecord.ScratchOffset;
        if (within <= CaseRecord.ScratchLength - 8)
        {
            *(ulong*)(record->Scratch + within) = value;
        }
    }
}
