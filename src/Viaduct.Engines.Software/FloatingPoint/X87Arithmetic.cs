namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>The basic arithmetic instructions in their register and memory forms.</summary>
internal static class X87Arithmetic
{
    internal static void Binary(ref X87State state, in X87Operation operation, ReadOnlySpan<byte> memory)
    {
        var fromMemory = operation.Format != X87Format.None;
        var destination = operation.ToRegister ? operation.Index : 0;
        if (state.IsEmpty(0) || (!fromMemory && state.IsEmpty(operation.Index)))
        {
            if (state.StackFault(overflow: false))
            {
                state.Write(destination, Float80.Indefinite);
                state.Pop(operation.Pops);
            }

            return;
        }

        var loading = FloatStatus.FromX87Control(state.Control);
        var source = fromMemory
            ? X87Transfers.ReadOperand(operation.Format, memory, ref loading)
            : state.Read(operation.ToRegister ? 0 : operation.Index);
        var status = FloatStatus.FromX87Control(state.Control);
        var result = Compute(operation.Kind, state.Read(destination), source, state.Precision, ref status);
        NoteDenormalOperand(in loading, result.IsNaN, ref status);
        if (X87Unit.Commit(ref state, in status))
        {
            state.Write(destination, result);
            state.Pop(operation.Pops);
        }
    }

    internal static void Sign(ref X87State state, X87Kind kind)
    {
        if (state.IsEmpty(0))
        {
            if (state.StackFault(overflow: false))
            {
                state.Write(0, Float80.Indefinite);
            }

            return;
        }

        state.SetConditions(X87Status.C1, 0);
        state.Write(0, kind == X87Kind.Absolute ? state.Read(0).Absolute() : state.Read(0).Negated());
    }

    /// <summary>
    /// A denormal single or double is normal once in the register format: it counts nevertheless, unless something that
    /// goes before it was found.
    /// </summary>
    internal static void NoteDenormalOperand(in FloatStatus loading, bool isNaN, ref FloatStatus status)
    {
        const FloatExceptions Prior = FloatExceptions.Invalid | FloatExceptions.ZeroDivide;
        if ((loading.Raised & FloatExceptions.Denormal) != 0 && !isNaN && (status.Raised & Prior) == 0)
        {
            status.Raise(FloatExceptions.Denormal);
        }
    }

    private static Float80 Compute(X87Kind kind, Float80 a, Float80 b, int precision, ref FloatStatus status) => kind switch
    {
        X87Kind.Add => Float80Arithmetic.Add(a, b, false, precision, ref status),
        X87Kind.Subtract => Float80Arithmetic.Add(a, b, true, precision, ref status),
        X87Kind.SubtractReversed => Float80Arithmetic.Add(b, a, true, precision, ref status),
        X87Kind.Multiply => Float80Arithmetic.Multiply(a, b, precision, ref status),
        X87Kind.Divide => Float80Arithmetic.Divide(a, b, precision, ref status),
        _ => Float80Arithmetic.Divide(b, a, precision, ref status),
    };
}
