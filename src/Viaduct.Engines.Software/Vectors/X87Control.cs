using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>x87 instructions that only touch control and status.</summary>
internal static unsafe class X87Control
{
    private const ushort ExceptionState = 0x80FF;

    internal static Op* Initialize(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        s->X87.Initialize();
        return op + 1;
    }

    internal static Op* ClearExceptions(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        s->X87.Status &= unchecked((ushort)~ExceptionState);
        return op + 1;
    }

    internal static Op* StoreControl(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), s->X87.Control) ? op + 1 : Leave.StoreStopped(s, op);
    }

    internal static Op* StoreStatus(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        return Guest.Store(cpu, s, EffectiveAddress.Of(s, op), s->X87.Status) ? op + 1 : Leave.StoreStopped(s, op);
    }

    internal static Op* StoreStatusAx(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        *(ushort*)s->Registers = s->X87.Status;
        return op + 1;
    }

    internal static Op* LoadControl(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasX87(s))
        {
            return Availability.NoX87(s, op);
        }

        if (s->X87.IsExceptionPending)
        {
            return Leave.Raise(s, op, Vector.MathFault);
        }

        if (!Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out ushort value))
        {
            return Leave.Faulted(s, op);
        }

        s->X87.Control = value;
        return op + 1;
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

    /// <summary>EMMS: as every MMX instruction it makes TOP zero; then all registers are empty.</summary>
    internal static Op* LeaveMmx(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!Availability.HasMmx(s))
        {
            return Availability.NoMmx(s, op);
        }

        s->X87.EnterMmx();
        s->X87.LeaveMmx();
        return op + 1;
    }
}
