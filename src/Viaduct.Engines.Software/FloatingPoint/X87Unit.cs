namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// Carries out x87 instructions. For each, the processor checks CR0.EM and CR0.TS, reads the memory operand
/// (<see cref="X87Operation.MemorySize"/> bytes) unless it <see cref="X87Operation.Stores"/>, calls
/// <see cref="Execute"/>, and on <see cref="X87Outcome.Done"/> writes the operand of a store. A store changes the FPU
/// before memory is written: whoever finds that memory can't be written puts back the copy of the state taken before.
/// </summary>
public static class X87Unit
{
    /// <summary>Carries out <paramref name="operation"/>.</summary>
    public static X87Outcome Execute(
        ref X87State state, in X87Operation operation, Span<byte> memory, ref X87Context context)
    {
        if (operation.Waits && state.IsExceptionPending)
        {
            return X87Outcome.PendingException;
        }

        if (!operation.IsControl)
        {
            state.InstructionPointer = context.InstructionPointer;
            state.LastOpcode = operation.Opcode;
            if (operation.Format != X87Format.None)
            {
                state.DataPointer = context.DataPointer;
            }
        }

        if (operation.Kind is X87Kind.Store or X87Kind.StoreTruncated)
        {
            return X87Transfers.Store(ref state, in operation, memory);
        }

        if (operation.Kind >= X87Kind.Initialize)
        {
            X87Control.Execute(ref state, in operation, memory, ref context);
        }
        else
        {
            Compute(ref state, in operation, memory, ref context);
        }

        return X87Outcome.Done;
    }

    /// <summary>
    /// Adds what a computation raised to the status word, C1 with it.
    /// </summary>
    /// <returns>Whether the result is delivered to a register; not if it was stopped before it was computed.</returns>
    internal static bool Commit(ref X87State state, in FloatStatus status)
    {
        var raised = status.Raised;
        var stopped = (raised & ~state.Masks & FloatExceptions.BeforeComputation) != 0;
        if (stopped)
        {
            raised &= FloatExceptions.BeforeComputation;
        }

        state.SetConditions(X87Status.C1, !stopped && status.RoundedUp ? X87Status.C1 : 0);
        state.Raise((int)raised);
        return !stopped;
    }

    private static void Compute(ref X87State state, in X87Operation operation, Span<byte> memory, ref X87Context context)
    {
        switch (operation.Kind)
        {
            case X87Kind.Nop or X87Kind.Wait:
                break;
            case X87Kind.Load:
                X87Transfers.Load(ref state, in operation, memory);
                break;
            case X87Kind.LoadConstant:
                X87Transfers.LoadConstant(ref state, operation.Index);
                break;
            case X87Kind.Exchange:
                X87Transfers.Exchange(ref state, operation.Index);
                break;
            case X87Kind.ConditionalMove:
                X87Transfers.ConditionalMove(ref state, in operation, context.Flags);
                break;
            case X87Kind.IncrementTop or X87Kind.DecrementTop:
                state.MoveTop(operation.Kind == X87Kind.IncrementTop ? 1 : -1);
                state.SetConditions(X87Status.C1, 0);
                break;
            case X87Kind.Free:
                state.Free(operation.Index);
                state.SetConditions(X87Status.C1, 0);
                state.Pop(operation.Pops);
                break;
            case X87Kind.Compare or X87Kind.CompareUnordered or X87Kind.Test:
                X87Comparison.Compare(ref state, in operation, memory, ref context);
                break;
            case X87Kind.Examine:
                X87Comparison.Examine(ref state);
                break;
            case >= X87Kind.Add and <= X87Kind.DivideReversed:
                X87Arithmetic.Binary(ref state, in operation, memory);
                break;
            case X87Kind.Absolute or X87Kind.ChangeSign:
                X87Arithmetic.Sign(ref state, operation.Kind);
                break;
            default:
                X87Functions.Execute(ref state, operation.Kind);
                break;
        }
    }
}
