using Iced.Intel;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Instructions with a condition: Jcc, SETcc, CMOVcc.</summary>
internal static unsafe class ConditionLowering
{
    internal static bool TryLower(in Instruction i, LoweringContext context, int size) => i.ConditionCode switch
    {
        ConditionCode.o => Lower<Conditions.Overflow>(i, context, size),
        ConditionCode.no => Lower<Conditions.NotOverflow>(i, context, size),
        ConditionCode.b => Lower<Conditions.Carry>(i, context, size),
        ConditionCode.ae => Lower<Conditions.NotCarry>(i, context, size),
        ConditionCode.e => Lower<Conditions.Zero>(i, context, size),
        ConditionCode.ne => Lower<Conditions.NotZero>(i, context, size),
        ConditionCode.be => Lower<Conditions.CarryOrZero>(i, context, size),
        ConditionCode.a => Lower<Conditions.NotCarryOrZero>(i, context, size),
        ConditionCode.s => Lower<Conditions.Sign>(i, context, size),
        ConditionCode.ns => Lower<Conditions.NotSign>(i, context, size),
        ConditionCode.p => Lower<Conditions.Parity>(i, context, size),
        ConditionCode.np => Lower<Conditions.NotParity>(i, context, size),
        ConditionCode.l => Lower<Conditions.Less>(i, context, size),
        ConditionCode.ge => Lower<Conditions.NotLess>(i, context, size),
        ConditionCode.le => Lower<Conditions.LessOrEqual>(i, context, size),
        ConditionCode.g => Lower<Conditions.NotLessOrEqual>(i, context, size),
        _ => false,
    };

    private static bool Lower<TCondition>(in Instruction i, LoweringContext context, int size)
        where TCondition : ICondition
    {
        Op* op = context.Op;
        if (i.IsJccShortOrNear)
        {
            BranchLowering.Target(i, context);
            return context.Use(&Branches.JumpIf<TCondition>);
        }

        if (i.IsSetcc())
        {
            if (i.Op0Kind == OpKind.Memory)
            {
                return context.Use(&Moves.SetMemory<TCondition>);
            }

            op->Destination = Registers.OffsetOf(i.Op0Register);
            return context.Use(&Moves.SetRegister<TCondition>);
        }

        if (!i.IsCmovcc())
        {
            return false;
        }

        op->Destination = Registers.OffsetOf(i.Op0Register);
        if (i.Op1Kind == OpKind.Memory)
        {
            return context.Use(Sizes.Choose(size, null, &Moves.ConditionalMemory<TCondition, W16>, &Moves.ConditionalMemory<TCondition, W32>, &Moves.ConditionalMemory<TCondition, W64>));
        }

        op->Source = Registers.OffsetOf(i.Op1Register);
        return context.Use(Sizes.Choose(size, null, &Moves.ConditionalRegister<TCondition, W16>, &Moves.ConditionalRegister<TCondition, W32>, &Moves.ConditionalRegister<TCondition, W64>));
    }
}
