using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Loads, stores, exchanges and conditional moves.</summary>
internal static class X87Transfers
{
    private const FloatExceptions KeepFromMemory =
        FloatExceptions.BeforeComputation | FloatExceptions.Overflow | FloatExceptions.Underflow;

    internal static void Load(ref X87State state, in X87Operation operation, ReadOnlySpan<byte> memory)
    {
        if (operation.Format == X87Format.None && state.IsEmpty(operation.Index))
        {
            if (state.StackFault(overflow: false))
            {
                state.Push(Float80.Indefinite);
            }

            return;
        }

        if (!state.IsEmpty(7))
        {
            PushOverflow(ref state);
            return;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        var value = operation.Format == X87Format.None
            ? state.Read(operation.Index)
            : ReadOperand(operation.Format, memory, ref status);
        X87Unit.Commit(ref state, in status);

        // A denormal is loaded even if that exception is unmasked.
        if ((status.Raised & ~state.Masks & FloatExceptions.Invalid) == 0)
        {
            state.Push(value.IsSignaling && operation.Format is X87Format.Single or X87Format.Double ? value.Quieted() : value);
        }
    }

    internal static void LoadConstant(ref X87State state, byte index)
    {
        if (!state.IsEmpty(7))
        {
            PushOverflow(ref state);
            return;
        }

        state.SetConditions(X87Status.C1, 0);
        state.Push(X87Constants.Get(index, FloatStatus.FromX87Control(state.Control).Rounding));
    }

    /// <summary>Pushing onto a full stack pushes the indefinite.</summary>
    internal static void PushOverflow(ref X87State state)
    {
        if (state.StackFault(overflow: true))
        {
            state.Push(Float80.Indefinite);
        }
    }

    /// <summary>
    /// Converts a numeric memory operand to a register's format. SNaNs stay what they are, so that the operation that
    /// uses them can choose by that; they raise invalid, denormals the denormal exception.
    /// </summary>
    internal static Float80 ReadOperand(X87Format format, ReadOnlySpan<byte> memory, ref FloatStatus status) => format switch
    {
        X87Format.Single => Float80Convert.FromBinary<Binary32>(MemoryMarshal.Read<uint>(memory), ref status),
        X87Format.Double => Float80Convert.FromBinary<Binary64>(MemoryMarshal.Read<ulong>(memory), ref status),
        X87Format.Extended => Float80.Read(memory),
        X87Format.Int16 => Float80Convert.FromInteger(MemoryMarshal.Read<short>(memory)),
        X87Format.Int32 => Float80Convert.FromInteger(MemoryMarshal.Read<int>(memory)),
        X87Format.Int64 => Float80Convert.FromInteger(MemoryMarshal.Read<long>(memory)),
        _ => Float80Convert.FromBcd(memory),
    };

    internal static X87Outcome Store(ref X87State state, in X87Operation operation, Span<byte> memory)
    {
        if (state.IsEmpty(0))
        {
            if (!state.StackFault(overflow: false))
            {
                return X87Outcome.NothingStored;
            }

            Deliver(ref state, in operation, memory, Float80.Indefinite);
            return X87Outcome.Done;
        }

        var status = FloatStatus.FromX87Control(state.Control);
        if (operation.Format != X87Format.None)
        {
            WriteOperand(in operation, memory, state.Read(0), ref status);
        }

        X87Unit.Commit(ref state, in status);
        if ((status.Raised & ~state.Masks & KeepFromMemory) != 0)
        {
            return X87Outcome.NothingStored;
        }

        if (operation.Format == X87Format.None)
        {
            state.Write(operation.Index, state.Read(0));
        }

        state.Pop(operation.Pops);
        return X87Outcome.Done;
    }

    internal static void Exchange(ref X87State state, int index)
    {
        var fault = state.IsEmpty(0) || state.IsEmpty(index);
        if (fault && !state.StackFault(overflow: false))
        {
            return;
        }

        var top = state.IsEmpty(0) ? Float80.Indefinite : state.Read(0);
        var other = state.IsEmpty(index) ? Float80.Indefinite : state.Read(index);
        state.SetConditions(X87Status.C1, 0);
        state.Write(0, other);
        state.Write(index, top);
    }

    internal static void ConditionalMove(ref X87State state, in X87Operation operation, uint flags)
    {
        if (state.IsEmpty(0) || state.IsEmpty(operation.Index))
        {
            if (state.StackFault(overflow: false))
            {
                state.Write(0, Float80.Indefinite);
            }

            return;
        }

        var selected = (operation.Condition & 3) switch
        {
            0 => 0x01u,
            1 => 0x40u,
            2 => 0x41u,
            _ => 0x04u,
        };
        if ((flags & selected) != 0 == operation.Condition < 4)
        {
            state.Write(0, state.Read(operation.Index));
        }
    }

    private static void Deliver(ref X87State state, in X87Operation operation, Span<byte> memory, Float80 value)
    {
        if (operation.Format == X87Format.None)
        {
            state.Write(operation.Index, value);
        }
        else
        {
            var ignored = FloatStatus.FromX87Control(X87State.DefaultControl);
            WriteOperand(in operation, memory, value, ref ignored);
        }

        state.Pop(operation.Pops);
    }

    private static void WriteOperand(in X87Operation operation, Span<byte> memory, Float80 value, ref FloatStatus status)
    {
        var mode = operation.Kind == X87Kind.StoreTruncated ? RoundingMode.Zero : status.Rounding;
        switch (operation.Format)
        {
            case X87Format.Single:
                MemoryMarshal.Write(memory, (uint)Float80Convert.ToBinary<Binary32>(value, ref status));
                break;
            case X87Format.Double:
                MemoryMarshal.Write(memory, Float80Convert.ToBinary<Binary64>(value, ref status));
                break;
            case X87Format.Extended:
                value.Write(memory);
                break;
            case X87Format.Int16:
                MemoryMarshal.Write(memory, (short)Float80Convert.ToInteger(value, 16, mode, ref status));
                break;
            case X87Format.Int32:
                MemoryMarshal.Write(memory, (int)Float80Convert.ToInteger(value, 32, mode, ref status));
                break;
            case X87Format.Int64:
                MemoryMarshal.Write(memory, Float80Convert.ToInteger(value, 64, mode, ref status));
                break;
            default:
                Float80Convert.ToBcd(value, memory, ref status);
                break;
        }
    }
}
