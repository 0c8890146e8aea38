using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>
/// x87 instructions: <see cref="Op.Immediate"/> is the <see cref="X87Operation"/>, <see cref="Op.Extra"/> the size of its
/// memory operand.
/// </summary>
internal static unsafe class X87Instructions
{
    private const int LargestOperand = 112;

    // The environment in its 16-bit layout is touched at both ends: that shows in a page fault's address.
    private const int ShortEnvironment = 14;
    private const uint ComparisonFlags = Rflags.Carry | Rflags.Parity | Rflags.Zero;

    /// <summary>Those without a memory operand.</summary>
    internal static Op* Registers(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        X87Operation operation = X87Operation.FromBits(op->Immediate);
        X87Context context = new() { InstructionPointer = Leave.RipOf(s, op) };
        if (operation.ReadsFlags)
        {
            context.Flags = Flags.Read(s) & ComparisonFlags;
        }

        if (Execute(cpu, s, op, operation, [], ref context) == X87Outcome.PendingException)
        {
            return Leave.Raise(s, op, Vector.MathFault);
        }

        if (operation.WritesFlags)
        {
            // OF, SF and AF are cleared, as by COMISS.
            Flags.Write(s, context.Flags & ComparisonFlags);
        }
        else if (operation.WritesAx)
        {
            *(ushort*)s->Registers = context.Ax;
        }

        return op + 1;
    }

    [SkipLocalsInit]
    internal static Op* Load(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        X87Operation operation = X87Operation.FromBits(op->Immediate);
        if (!MayRun(s, operation))
        {
            return Stopped(s, op);
        }

        ulong address = EffectiveAddress.Of(s, op);
        byte* memory = stackalloc byte[LargestOperand];
        if ((op->Extra == ShortEnvironment && !IsReadable(cpu, s, address)) || !Block.Load(cpu, s, address, memory, op->Extra))
        {
            return Leave.Faulted(s, op);
        }

        X87Context context = new() { InstructionPointer = Leave.RipOf(s, op), DataPointer = OffsetOf(s, op, address) };
        Execute(cpu, s, op, operation, new Span<byte>(memory, op->Extra), ref context);
        return op + 1;
    }

    [SkipLocalsInit]
    internal static Op* Store(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        X87Operation operation = X87Operation.FromBits(op->Immediate);
        if (!MayRun(s, operation))
        {
            return Stopped(s, op);
        }

        ulong address = EffectiveAddress.Of(s, op);
        if ((op->Extra == ShortEnvironment && !IsWritable(cpu, s, address)) || !Block.Probe(cpu, s, address, op->Extra))
        {
            return Leave.Faulted(s, op);
        }

        byte* memory = stackalloc byte[LargestOperand];
        X87Context context = new() { InstructionPointer = Leave.RipOf(s, op), DataPointer = OffsetOf(s, op, address) };
        X87Outcome outcome = Execute(cpu, s, op, operation, new Span<byte>(memory, op->Extra), ref context);
        return outcome != X87Outcome.Done || Block.StoreProbed(cpu, s, address, memory, op->Extra)
            ? op + 1
            : Leave.StoreStopped(s, op);
    }

    /// <summary>FWAIT, which stops for the task-switched flag only if CR0.MP says so.</summary>
    internal static Op* Wait(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        const ulong Both = Cr0.MonitorCoprocessor | Cr0.TaskSwitched;
        if ((s->Cr0 & Both) == Both)
        {
            return Availability.NoX87(s, op);
        }

        return s->X87.IsExceptionPending ? Leave.Raise(s, op, Vector.MathFault) : op + 1;
    }

    private static bool MayRun(CpuState* s, X87Operation operation) =>
        Availability.HasX87(s) && !(operation.Waits && s->X87.IsExceptionPending);

    private static Op* Stopped(CpuState* s, Op* op) =>
        Availability.HasX87(s) ? Leave.Raise(s, op, Vector.MathFault) : Availability.NoX87(s, op);

    private static bool IsReadable(SoftwareCpu cpu, CpuState* s, ulong address) =>
        Guest.Load(cpu, s, address, out ushort _) && Guest.Load(cpu, s, address + ShortEnvironment - 1, out byte _);

    private static bool IsWritable(SoftwareCpu cpu, CpuState* s, ulong address) =>
        Block.Probe(cpu, s, address, 2) && Block.Probe(cpu, s, address + ShortEnvironment - 1, 1);

    private static X87Outcome Execute(
        SoftwareCpu cpu, CpuState* s, Op* op, X87Operation operation, Span<byte> memory, ref X87Context context)
    {
        bool pending = s->X87.IsExceptionPending;
        ushort opcode = s->X87.LastOpcode;
        X87Outcome outcome = X87Unit.Execute(ref s->X87, in operation, memory, ref context);
        if (!operation.IsControl)
        {
            // The opcode is of the last instruction that raised an unmasked exception (SDM vol. 1, 8.1.9.1).
            s->X87.LastOpcode = !pending && s->X87.IsExceptionPending ? OpcodeOf(cpu, s, op) : opcode;
        }

        return outcome;
    }

    private static ushort OpcodeOf(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        byte* code = stackalloc byte[16];
        ulong controlTwo = s->Cr2;
        ulong address = Leave.LinearOf(s, op);
        for (int i = 0; i < op->Length; i++)
        {
            if (!cpu.Memory.LoadSystem(address + (uint)i, out code[i]))
            {
                // The page went away under the running instruction; there is nothing to report.
                s->Cr2 = controlTwo;
                s->Exit = ExitReason.Lookup;
                return 0;
            }
        }

        return X87Decoder.OpcodeOf(new ReadOnlySpan<byte>(code, op->Length));
    }

    // The data pointer is the offset within the segment.
    private static ulong OffsetOf(CpuState* s, Op* op, ulong linear)
    {
        if ((op->AddressFlags & EffectiveAddress.AddSegment) == 0)
        {
            return linear;
        }

        ulong offset = linear - s->SegmentBases[op->AddressFlags >> 4];
        return s->Long64 ? offset : (uint)offset;
    }
}
