namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Instructions on ST(0), or ST(0) and ST(1), that are functions of them.</summary>
internal static class X87Functions
{
    internal static void Execute(ref X87State state, X87Kind kind)
    {
        switch (kind)
        {
            case X87Kind.SquareRoot or X87Kind.RoundToInteger or X87Kind.PowerMinusOne:
                Unary(ref state, kind);
                break;
            case X87Kind.Scale:
                Binary(ref state, kind, destination: 0, pops: 0);
                break;
            case X87Kind.Logarithm or X87Kind.LogarithmPlusOne or X87Kind.ArcTangent:
                Binary(ref state, kind, destination: 1, pops: 1);
                break;
            case X87Kind.Remainder or X87Kind.RemainderNearest:
                Remainder(ref state, kind == X87Kind.RemainderNearest);
                break;
            case X87Kind.Extract:
                Extract(ref state);
                break;
            default:
                Trigonometric(ref state, kind);
                break;
        }
    }

    private static void Unary(ref X87State state, X87Kind kind)
    {
        if (IsMissing(ref state, 0, 0, 0, 0))
        {
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var value = state.Read(0);
        var result = kind switch
        {
            X87Kind.SquareRoot => Float80Arithmetic.SquareRoot(value, state.Precision, ref status),
            X87Kind.RoundToInteger => Float80Arithmetic.RoundToInteger(value, ref status),
            _ => Transcendental.PowerMinusOne(value, ref status),
        };
        if (X87Unit.Commit(ref state, in status))
        {
            state.Write(0, result);
        }
    }

    private static void Binary(ref X87State state, X87Kind kind, int destination, int pops)
    {
        if (IsMissing(ref state, 0, 1, destination, pops))
        {
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var top = state.Read(0);
        var next = state.Read(1);
        var result = kind switch
        {
            X87Kind.Scale => Float80Arithmetic.Scale(top, next, ref status),
            X87Kind.Logarithm => Transcendental.Logarithm(top, next, ref status),
            X87Kind.LogarithmPlusOne => Transcendental.LogarithmPlusOne(top, next, ref status),
            _ => Transcendental.ArcTangent(next, top, ref status),
        };
        if (X87Unit.Commit(ref state, in status))
        {
            state.Write(destination, result);
            state.Pop(pops);
        }
    }

    private static void Remainder(ref X87State state, bool nearest)
    {
        state.SetConditions(X87Status.C2, 0);
        if (IsMissing(ref state, 0, 1, 0, 0))
        {
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var remainder = Float80Remainder.Compute(state.Read(0), state.Read(1), nearest, ref status);
        if (!X87Unit.Commit(ref state, in status))
        {
            return;
        }

        // Without a quotient, C0 and C3 keep what they held.
        var quotient = remainder.Quotient;
        state.SetConditions(
            remainder.Value.IsNaN ? X87Status.C1 : X87Status.Conditions,
            ((quotient & 1) != 0 ? X87Status.C1 : 0)
            | ((quotient & 2) != 0 ? X87Status.C3 : 0)
            | ((quotient & 4) != 0 ? X87Status.C0 : 0)
            | (remainder.IsIncomplete ? X87Status.C2 : 0));
        state.Write(0, remainder.Value);
    }

    private static void Extract(ref X87State state)
    {
        if (IsPairBlocked(ref state))
        {
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var exponent = Float80Arithmetic.Extract(state.Read(0), ref status, out var significand);
        if (X87Unit.Commit(ref state, in status))
        {
            state.Write(0, exponent);
            state.Push(significand);
        }
    }

    private static void Trigonometric(ref X87State state, X87Kind kind)
    {
        state.SetConditions(X87Status.C2, 0);
        var pushes = kind is X87Kind.Tangent or X87Kind.SineCosine;
        if (pushes ? IsPairBlocked(ref state) : IsMissing(ref state, 0, 0, 0, 0))
        {
            return;
        }

        var value = state.Read(0);
        if (Trigonometry.IsOutOfRange(value))
        {
            state.SetConditions(X87Status.C1 | X87Status.C2, X87Status.C2);
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var second = Float80.One;
        var first = kind switch
        {
            X87Kind.Sine => Trigonometry.Sine(value, ref status),
            X87Kind.Cosine => Trigonometry.Cosine(value, ref status),
            X87Kind.Tangent => Trigonometry.Tangent(value, ref status),
            _ => Trigonometry.SineCosine(value, ref status, out second),
        };
        if (!X87Unit.Commit(ref state, in status))
        {
            return;
        }

        state.Write(0, first);
        if (pushes)
        {
            // A NaN is pushed again in place of the tangent's 1.
            state.Push(kind == X87Kind.Tangent && first.IsNaN ? first : second);
        }
    }

    /// <summary>Handles an empty operand: the masked response puts the indefinite into the destination.</summary>
    private static bool IsMissing(ref X87State state, int first, int second, int destination, int pops)
    {
        if (!state.IsEmpty(first) && !state.IsEmpty(second))
        {
            return false;
        }

        if (state.StackFault(overflow: false))
        {
            state.Write(destination, Float80.Indefinite);
            state.Pop(pops);
        }

        return true;
    }

    /// <summary>Handles the stack faults of what replaces ST(0) and pushes: both become the indefinite.</summary>
    private static bool IsPairBlocked(ref X87State state)
    {
        var isEmpty = state.IsEmpty(0);
        if (!isEmpty && state.IsEmpty(7))
        {
            return false;
        }

        if (state.StackFault(overflow: !isEmpty))
        {
            state.Write(0, Float80.Indefinite);
            state.Push(Float80.Indefinite);
        }

        return true;
    }
}
