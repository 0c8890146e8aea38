namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Comparison and classification.</summary>
internal static class X87Comparison
{
    private const int Relation = X87Status.C0 | X87Status.C2 | X87Status.C3;

    internal static void Compare(
        ref X87State state, in X87Operation operation, ReadOnlySpan<byte> memory, ref X87Context context)
    {
        var withRegister = operation.Format == X87Format.None && operation.Kind != X87Kind.Test;
        if (state.IsEmpty(0) || (withRegister && state.IsEmpty(operation.Index)))
        {
            var isMasked = state.StackFault(overflow: false);
            Deliver(ref state, in operation, FloatRelation.Unordered, isMasked, ref context);
            return;
        }

        var loading = FloatStatus.FromX87Control(state.Control);
        var other = withRegister ? state.Read(operation.Index)
            : operation.Kind == X87Kind.Test ? Float80.Zero(false)
            : X87Transfers.ReadOperand(operation.Format, memory, ref loading);
        var status = FloatStatus.FromX87Control(state.Control);
        var quietIsInvalid = operation.Kind != X87Kind.CompareUnordered;
        var relation = Float80Arithmetic.Compare(state.Read(0), other, quietIsInvalid, ref status);
        X87Arithmetic.NoteDenormalOperand(in loading, relation == FloatRelation.Unordered, ref status);
        var conditions = state.Status;
        var isDelivered = X87Unit.Commit(ref state, in status);
        if (operation.WritesFlags)
        {
            state.SetConditions(X87Status.C1, conditions);
        }

        Deliver(ref state, in operation, relation, isDelivered, ref context);
    }

    /// <summary>FXAM: the class of ST(0), empty or not, and its sign.</summary>
    internal static void Examine(ref X87State state)
    {
        var value = state.Read(0);
        var conditions = state.IsEmpty(0) ? X87Status.C3 | X87Status.C0
            : value.IsUnsupported ? 0
            : value.IsNaN ? X87Status.C0
            : value.IsInfinite ? X87Status.C2 | X87Status.C0
            : value.IsZero ? X87Status.C3
            : value.IsDenormal ? X87Status.C3 | X87Status.C2
            : X87Status.C2;
        state.SetConditions(X87Status.Conditions, conditions | (value.IsNegative ? X87Status.C1 : 0));
    }

    // An unmasked exception keeps the stack as it is, but not the flags.
    private static void Deliver(
        ref X87State state, in X87Operation operation, FloatRelation relation, bool pops, ref X87Context context)
    {
        if (operation.WritesFlags)
        {
            context.Flags = (context.Flags & ~0x45u) | (uint)relation;
        }
        else
        {
            // C3, C2 and C0 stand to each other as ZF, PF and CF do.
            state.SetConditions(Relation, (int)relation << 8);
        }

        if (pops)
        {
            state.Pop(operation.Pops);
        }
    }
}
