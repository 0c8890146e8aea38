using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>The op being filled, and the code size.</summary>
internal readonly unsafe ref struct LoweringContext(Op* op, int bitness)
{
    internal Op* Op => op;

    internal int Bitness => bitness;

    internal bool Is64 => bitness == 64;

    /// <summary>Takes a handler; always true, so that a lowering can end with it.</summary>
    internal bool Use(delegate*<SoftwareCpu, CpuState*, Op*, Op*> handler)
    {
        op->Handler = handler;
        return handler != null;
    }

    /// <summary>What the instruction means for its block.</summary>
    internal BlockFlow Flow(in Instruction instruction)
    {
        if (op->Handler == &Privileged.Undefined || op->Handler == &Stack.PopFlags || op->Handler == &SegmentInstructions.Load
            || op->Handler == &SegmentInstructions.Pop || op->Handler == &Privileged.WriteMsr || op->Handler == &Privileged.WriteControl
            || op->Handler == &Privileged.InvalidatePage || op->Handler == &Privileged.Halt)
        {
            return BlockFlow.Ends;
        }

        if (op->Handler == &Privileged.SetInterrupts)
        {
            return BlockFlow.EndsAfterNext;
        }

        return instruction.FlowControl switch
        {
            FlowControl.Next or FlowControl.ConditionalBranch => BlockFlow.Sequential,
            _ => BlockFlow.Ends,
        };
    }
}
