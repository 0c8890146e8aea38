using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>IN, OUT, INS, OUTS, with the I/O permission bitmap (Intel SDM vol. 1 19.5). <see cref="Op.Extra"/> as in <see cref="Strings"/>; a plain IN or OUT by immediate has Extra2 1.</summary>
internal static unsafe class PortIo
{
    private const int TssIoMap = 102;

    internal static Op* In<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        ushort port = Port(s, op);
        if (!IsAllowed(cpu, s, port, TWidth.Bytes))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong value = Read(cpu, port, TWidth.Bytes);
        TWidth.WriteRegister((byte*)s, value);
        return op + 1;
    }

    internal static Op* Out<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        ushort port = Port(s, op);
        if (!IsAllowed(cpu, s, port, TWidth.Bytes))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        Write(cpu, port, TWidth.Bytes, TWidth.Read((byte*)s));
        return op + 1;
    }

    internal static Op* InString<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra != 0 && Strings.Count(s, op) == 0)
        {
            return op + 1;
        }

        ushort port = (ushort)s->Registers[2];
        if (!IsAllowed(cpu, s, port, TWidth.Bytes))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong address = Strings.DestinationAddress(s, op);
        if (!cpu.Memory.ProbeWrite(address, TWidth.Bytes))
        {
            return Leave.Faulted(s, op);
        }

        ulong value = Read(cpu, port, TWidth.Bytes);
        bool stored = TWidth.Store(cpu, s, address, value);
        Strings.Advance(s, op, 7, TWidth.Bytes);
        return Next(s, op, stored);
    }

    internal static Op* OutString<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if (op->Extra != 0 && Strings.Count(s, op) == 0)
        {
            return op + 1;
        }

        ushort port = (ushort)s->Registers[2];
        if (!IsAllowed(cpu, s, port, TWidth.Bytes))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (!TWidth.Load(cpu, s, Strings.SourceAddress(s, op), out ulong value))
        {
            return Leave.Faulted(s, op);
        }

        Write(cpu, port, TWidth.Bytes, value);
        Strings.Advance(s, op, 6, TWidth.Bytes);
        return Next(s, op, stored: true);
    }

    private static Op* Next(CpuState* s, Op* op, bool stored)
    {
        if (op->Extra == 0)
        {
            return stored ? op + 1 : Leave.After(s, op);
        }

        Strings.CountDown(s, op);
        if (Strings.Count(s, op) == 0)
        {
            return stored ? op + 1 : Leave.After(s, op);
        }

        if (stored && s->Limit != 0)
        {
            return op;
        }

        s->Exit = ExitReason.Lookup;
        return Leave.Faulted(s, op);
    }

    private static ulong Read(SoftwareCpu cpu, ushort port, int bytes)
    {
        cpu.Memory.BeginDispatch();
        _ = cpu.Ports.Read(port, bytes, out ulong value);
        cpu.Memory.EndDispatch();
        NoteBreakpoint(cpu, port, bytes);
        return value;
    }

    private static void Write(SoftwareCpu cpu, ushort port, int bytes, ulong value)
    {
        cpu.Memory.BeginDispatch();
        _ = cpu.Ports.Write(port, bytes, value);
        cpu.Memory.EndDispatch();
        NoteBreakpoint(cpu, port, bytes);
    }

    private static void NoteBreakpoint(SoftwareCpu cpu, ushort port, int bytes)
    {
        if (cpu.Breakpoints.IsArmed && (cpu.State->Cr4 & Cr4.DebuggingExtensions) != 0)
        {
            cpu.Breakpoints.NotePort(port, bytes);
        }
    }

    private static ushort Port(CpuState* s, Op* op) => op->Extra2 == 1 ? (ushort)op->Immediate : (ushort)s->Registers[2];

    private static bool IsAllowed(SoftwareCpu cpu, CpuState* s, ushort port, int bytes)
    {
        bool free = (s->Cr0 & Cr0.ProtectionEnable) == 0 || s->Cpl <= (int)((s->FlagsOther & Rflags.IoPrivilege) >> 12);
        if (free)
        {
            return true;
        }

        SegmentRegister task = s->Segments[SegmentName.Tr];
        if (task.Limit < TssIoMap + 1 || !cpu.Memory.LoadSystem(task.Base + TssIoMap, out ushort map))
        {
            return false;
        }

        uint at = map + ((uint)port / 8);
        if (at + 1 > task.Limit || !cpu.Memory.LoadSystem(task.Base + at, out ushort bits))
        {
            return false;
        }

        uint wanted = ((1u << bytes) - 1) << (port & 7);
        return (bits & wanted) == 0;
    }
}
