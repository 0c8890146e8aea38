using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Vectors;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>x87.</summary>
internal static unsafe class X87Lowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context)
    {
        // FISTTP is SSE3's.
        if (i.Mnemonic == Mnemonic.Fisttp || !X87Decoder.TryDecode(i, 0, out X87Operation operation))
        {
            return false;
        }

        Op* op = context.Op;
        op->Immediate = operation.ToBits();
        op->Extra = (byte)operation.MemorySize;
        return context.Use(i.Mnemonic == Mnemonic.Wait
            ? &X87Instructions.Wait
            : op->Extra == 0 ? &X87Instructions.Registers : operation.Stores ? &X87Instructions.Store : &X87Instructions.Load);
    }
}
