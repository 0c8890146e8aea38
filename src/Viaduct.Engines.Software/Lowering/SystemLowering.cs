using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Segmentation;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>System instructions.</summary>
internal static unsafe class SystemLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        switch (i.Mnemonic)
        {
            case Mnemonic.Pause: return context.Use(&Privileged.Pause);
            case Mnemonic.Nop or Mnemonic.Prefetchnta or Mnemonic.Prefetcht0 or Mnemonic.Prefetcht1 or Mnemonic.Prefetcht2
                or Mnemonic.Reservednop or Mnemonic.Endbr64 or Mnemonic.Endbr32:
                return context.Use(&Privileged.Nothing);
            case Mnemonic.Lfence or Mnemonic.Mfence or Mnemonic.Sfence: return context.Use(&Privileged.Fence);
            case Mnemonic.Clflush or Mnemonic.Clflushopt or Mnemonic.Clwb: return context.Use(&Privileged.TouchLine);
            case Mnemonic.Wbinvd or Mnemonic.Invd: return context.Use(&Privileged.FlushCaches);
            case Mnemonic.Hlt: return context.Use(&Privileged.Halt, BlockFlow.Ends);
            case Mnemonic.Cli: return context.Use(&Privileged.ClearInterrupts);
            case Mnemonic.Sti: return context.Use(&Privileged.SetInterrupts, BlockFlow.EndsAfterNext);
            case Mnemonic.Cpuid: return context.Use(&Privileged.Identify);
            case Mnemonic.Rdmsr: return context.Use(&Privileged.ReadMsr);
            case Mnemonic.Wrmsr: return context.Use(&Privileged.WriteMsr, BlockFlow.Ends);
            case Mnemonic.Rdtsc: return context.Use(&Privileged.ReadTimeStamp);
            case Mnemonic.Rdtscp:
                op->Extra = 1;
                return context.Use(&Privileged.ReadTimeStamp);
            case Mnemonic.Rdpid:
                op->Destination = Registers.OffsetOf(i.Op0Register);
                return context.Use(&Privileged.ReadProcessorId);
            case Mnemonic.Rdrand:
                op->Destination = Registers.OffsetOf(i.Op0Register);
                return context.Use(Sizes.Choose(i.Op0Register.GetSize(), null, &Privileged.ReadRandom<W16>, &Privileged.ReadRandom<W32>, &Privileged.ReadRandom<W64>));
            case Mnemonic.Clts: return context.Use(&Privileged.ClearTaskSwitched);
            case Mnemonic.Smsw: return Word(i, context, 0) && context.Use(&SegmentInstructions.StoreMachineStatus);
            case Mnemonic.Stac: return context.Use(&Privileged.AllowUserAccess);
            case Mnemonic.Clac:
                op->Extra = 1;
                return context.Use(&Privileged.AllowUserAccess);
            case Mnemonic.Rdpkru: return context.Use(&Privileged.ReadKeyRights);
            case Mnemonic.Wrpkru: return context.Use(&Privileged.WriteKeyRights, BlockFlow.Ends);
            case Mnemonic.Invlpg: return context.Use(&Privileged.InvalidatePage, BlockFlow.Ends);
            case Mnemonic.Swapgs: return context.Use(&Privileged.SwapGs);
            case Mnemonic.Rdfsbase: return SegmentBase(i, context, SegmentName.Fs, read: true);
            case Mnemonic.Rdgsbase: return SegmentBase(i, context, SegmentName.Gs, read: true);
            case Mnemonic.Wrfsbase: return SegmentBase(i, context, SegmentName.Fs, read: false);
            case Mnemonic.Wrgsbase: return SegmentBase(i, context, SegmentName.Gs, read: false);
            case Mnemonic.Lgdt: return Table(context, 0, i.Code) && context.Use(&SegmentInstructions.LoadTable);
            case Mnemonic.Lidt: return Table(context, 1, i.Code) && context.Use(&SegmentInstructions.LoadTable);
            case Mnemonic.Sgdt: return Table(context, 0, i.Code) && context.Use(&SegmentInstructions.StoreTable);
            case Mnemonic.Sidt: return Table(context, 1, i.Code) && context.Use(&SegmentInstructions.StoreTable);
            case Mnemonic.Lldt: return Selector(i, context, 0, 0) && context.Use(&SegmentInstructions.LoadSystem);
            case Mnemonic.Ltr: return Selector(i, context, 0, 1) && context.Use(&SegmentInstructions.LoadSystem);
            case Mnemonic.Sldt: return Word(i, context, 0) && context.Use(&SegmentInstructions.StoreSystem);
            case Mnemonic.Str: return Word(i, context, 1) && context.Use(&SegmentInstructions.StoreSystem);
            case Mnemonic.Verr: return Selector(i, context, 0, 0) && context.Use(&SegmentInstructions.Verify);
            case Mnemonic.Verw: return Selector(i, context, 0, 1) && context.Use(&SegmentInstructions.Verify);
            case Mnemonic.Lar: return Rights(i, context, 0);
            case Mnemonic.Lsl: return Rights(i, context, 1);
            default: return false;
        }
    }

    /// <summary>MOV to a segment, control or debug register.</summary>
    internal static bool MoveTo(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        if (i.Op0Register.IsSegmentRegister())
        {
            return i.Op0Register != Register.CS
                && Selector(i, context, 1, Registers.SegmentOf(i.Op0Register))
                && context.Use(&SegmentInstructions.Load, BlockFlow.Ends);
        }

        op->Extra = (byte)i.Op0Register.GetNumber();
        op->Source = Registers.OffsetOf(i.Op1Register);
        return i.Op0Register.IsCR()
            ? op->Extra is 0 or 2 or 3 or 4 or 8 && context.Use(&Privileged.WriteControl, BlockFlow.Ends)
            : op->Extra < 8 && context.Use(&Privileged.WriteDebug, BlockFlow.Ends);
    }

    /// <summary>MOV from a segment, control or debug register.</summary>
    internal static bool MoveFrom(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        if (i.Op1Register.IsSegmentRegister())
        {
            return Word(i, context, Registers.SegmentOf(i.Op1Register)) && context.Use(&SegmentInstructions.Store);
        }

        op->Extra = (byte)i.Op1Register.GetNumber();
        op->Destination = Registers.OffsetOf(i.Op0Register);
        return i.Op1Register.IsCR()
            ? op->Extra is 0 or 2 or 3 or 4 or 8 && context.Use(&Privileged.ReadControl)
            : op->Extra < 8 && context.Use(&Privileged.ReadDebug);
    }

    private static bool SegmentBase(in Instruction i, LoweringContext context, int segment, bool read)
    {
        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        context.Op->Extra = (byte)segment;
        bool wide = i.Op0Register.GetSize() == 8;
        return context.Use(read
            ? wide ? &Privileged.ReadSegmentBase<W64> : &Privileged.ReadSegmentBase<W32>
            : wide ? &Privileged.WriteSegmentBase<W64> : &Privileged.WriteSegmentBase<W32>);
    }

    private static bool Table(LoweringContext context, byte which, Code code)
    {
        context.Op->Extra = which;
        context.Op->Extra2 = context.Is64 ? (byte)8 : (byte)4;
        context.Op->Immediate = code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16 ? 0xFF_FFFFUL : ulong.MaxValue;
        return true;
    }

    /// <summary>Puts a 16-bit operand in; Extra2 is 1 for memory.</summary>
    internal static bool Selector(in Instruction i, LoweringContext context, int operand, byte extra)
    {
        context.Op->Extra = extra;
        if (i.GetOpKind(operand) == OpKind.Memory)
        {
            context.Op->Extra2 = 1;
        }
        else
        {
            context.Op->Source = Registers.OffsetOf(i.GetOpRegister(operand));
        }

        return true;
    }

    private static bool Word(in Instruction i, LoweringContext context, byte extra)
    {
        context.Op->Extra = extra;
        if (i.Op0Kind == OpKind.Memory)
        {
            context.Op->Extra2 = 1;
            return true;
        }

        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        context.Op->Extra2 = (byte)i.Op0Register.GetSize();
        return true;
    }

    private static bool Rights(in Instruction i, LoweringContext context, byte extra)
    {
        context.Op->Destination = Registers.OffsetOf(i.Op0Register);
        context.Op->Immediate = (ulong)i.Op0Register.GetSize();
        return Selector(i, context, 1, extra) && context.Use(&SegmentInstructions.LoadRights);
    }
}
