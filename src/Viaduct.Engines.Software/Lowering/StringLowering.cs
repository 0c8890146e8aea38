using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>String instructions and port I/O.</summary>
internal static unsafe class StringLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Movsb: return Prepare(i, context) && context.Use(&Strings.Move<W8>);
            case Mnemonic.Movsw: return Prepare(i, context) && context.Use(&Strings.Move<W16>);
            case Mnemonic.Movsd when i.Code == Code.Movsd_m32_m32: return Prepare(i, context) && context.Use(&Strings.Move<W32>);
            case Mnemonic.Movsq: return Prepare(i, context) && context.Use(&Strings.Move<W64>);
            case Mnemonic.Stosb: return Prepare(i, context) && context.Use(&Strings.Fill<W8>);
            case Mnemonic.Stosw: return Prepare(i, context) && context.Use(&Strings.Fill<W16>);
            case Mnemonic.Stosd: return Prepare(i, context) && context.Use(&Strings.Fill<W32>);
            case Mnemonic.Stosq: return Prepare(i, context) && context.Use(&Strings.Fill<W64>);
            case Mnemonic.Lodsb: return Prepare(i, context) && context.Use(&Strings.Load<W8>);
            case Mnemonic.Lodsw: return Prepare(i, context) && context.Use(&Strings.Load<W16>);
            case Mnemonic.Lodsd: return Prepare(i, context) && context.Use(&Strings.Load<W32>);
            case Mnemonic.Lodsq: return Prepare(i, context) && context.Use(&Strings.Load<W64>);
            case Mnemonic.Cmpsb: return Prepare(i, context) && context.Use(&Strings.Compare<W8>);
            case Mnemonic.Cmpsw: return Prepare(i, context) && context.Use(&Strings.Compare<W16>);
            case Mnemonic.Cmpsd when i.Code == Code.Cmpsd_m32_m32: return Prepare(i, context) && context.Use(&Strings.Compare<W32>);
            case Mnemonic.Cmpsq: return Prepare(i, context) && context.Use(&Strings.Compare<W64>);
            case Mnemonic.Scasb: return Prepare(i, context) && context.Use(&Strings.Scan<W8>);
            case Mnemonic.Scasw: return Prepare(i, context) && context.Use(&Strings.Scan<W16>);
            case Mnemonic.Scasd: return Prepare(i, context) && context.Use(&Strings.Scan<W32>);
            case Mnemonic.Scasq: return Prepare(i, context) && context.Use(&Strings.Scan<W64>);
            case Mnemonic.Insb: return Prepare(i, context) && context.Use(&PortIo.InString<W8>);
            case Mnemonic.Insw: return Prepare(i, context) && context.Use(&PortIo.InString<W16>);
            case Mnemonic.Insd: return Prepare(i, context) && context.Use(&PortIo.InString<W32>);
            case Mnemonic.Outsb: return Prepare(i, context) && context.Use(&PortIo.OutString<W8>);
            case Mnemonic.Outsw: return Prepare(i, context) && context.Use(&PortIo.OutString<W16>);
            case Mnemonic.Outsd: return Prepare(i, context) && context.Use(&PortIo.OutString<W32>);
            case Mnemonic.In: return In(i, context);
            case Mnemonic.Out: return Out(i, context);
            default: return false;
        }
    }

    private static bool Prepare(in Instruction i, LoweringContext context)
    {
        Op* op = context.Op;
        op->Extra = i.HasRepnePrefix ? Strings.RepeatNotEqual : i.HasRepePrefix ? Strings.RepeatEqual : (byte)0;
        int addressBits = context.Bitness;
        for (int operand = 0; operand < i.OpCount; operand++)
        {
            switch (i.GetOpKind(operand))
            {
                case OpKind.MemorySegSI or OpKind.MemoryESDI:
                    addressBits = 16;
                    break;
                case OpKind.MemorySegESI or OpKind.MemoryESEDI:
                    addressBits = 32;
                    break;
                case OpKind.MemorySegRSI or OpKind.MemoryESRDI:
                    addressBits = 64;
                    break;
            }
        }

        op->Extra2 = (byte)addressBits;
        Register segment = i.MemorySegment == Register.None ? Register.DS : i.MemorySegment;
        if (!context.Is64)
        {
            op->AddressFlags = (byte)(EffectiveAddress.AddSegment | EffectiveAddress.Linear32 | (Registers.SegmentOf(segment) << 4));
        }
        else if (segment is Register.FS or Register.GS)
        {
            op->AddressFlags = (byte)(EffectiveAddress.AddSegment | (Registers.SegmentOf(segment) << 4));
        }

        return true;
    }

    private static bool In(in Instruction i, LoweringContext context)
    {
        Port(i, context, 1);
        return context.Use(Sizes.Choose(i.Op0Register.GetSize(), &PortIo.In<W8>, &PortIo.In<W16>, &PortIo.In<W32>, null));
    }

    private static bool Out(in Instruction i, LoweringContext context)
    {
        Port(i, context, 0);
        return context.Use(Sizes.Choose(i.Op1Register.GetSize(), &PortIo.Out<W8>, &PortIo.Out<W16>, &PortIo.Out<W32>, null));
    }

    private static void Port(in Instruction i, LoweringContext context, int operand)
    {
        if (i.GetOpKind(operand) != OpKind.Register)
        {
            context.Op->Immediate = (byte)i.GetImmediate(operand);
            context.Op->Extra2 = 1;
        }
    }
}
