using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>PUSHA, POPA, BOUND, ARPL, LDS and its kin, LMSW.</summary>
internal static unsafe class LegacyInstructions
{
    private const int BoundRange = 5;

    /// <summary>PUSHA and PUSHAD: <see cref="Op.Extra"/> bytes each. Nothing changes when a push faults.</summary>
    internal static Op* PushAll(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        ulong stack = s->Registers[4];
        for (int i = 1; i <= 8; i++)
        {
            if (!cpu.Memory.ProbeWrite(Stack.At(s, stack - (ulong)(i * size), size, write: true), size))
            {
                return Leave.Faulted(s, op);
            }
        }

        bool silent = true;
        for (int i = 0; i < 8; i++)
        {
            silent &= Stack.Push(cpu, s, i == 4 ? stack : s->Registers[i], size);
        }

        return silent ? op + 1 : Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>POPA and POPAD; the stack pointer's own word is passed over.</summary>
    internal static Op* PopAll(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        ulong* values = stackalloc ulong[8];
        for (int i = 0; i < 8; i++)
        {
            ulong at = s->Registers[4] + (ulong)(i * size);
            if (!Stack.LoadSized(cpu, s, Stack.At(s, at, size), size, out values[7 - i]))
            {
                return Leave.Faulted(s, op);
            }
        }

        Stack.Move(s, 8 * size);
        for (int i = 0; i < 8; i++)
        {
            if (i != 4)
            {
                byte* register = (byte*)(s->Registers + i);
                if (size == 2)
                {
                    W16.WriteRegister(register, values[i]);
                }
                else
                {
                    W32.WriteRegister(register, values[i]);
                }
            }
        }

        return op + 1;
    }

    /// <summary>BOUND: signed bounds of <see cref="Op.Extra"/> bytes each.</summary>
    internal static Op* CheckBounds(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        int size = op->Extra;
        ulong address = EffectiveAddress.Of(s, op);
        if (!Stack.LoadSized(cpu, s, address, size, out ulong lower) || !Stack.LoadSized(cpu, s, address + (ulong)size, size, out ulong upper))
        {
            return Leave.Faulted(s, op);
        }

        ulong index = *(ulong*)((byte*)s + op->Destination);
        bool inside = size == 2
            ? (short)index >= (short)lower && (short)index <= (short)upper
            : (int)index >= (int)lower && (int)index <= (int)upper;
        return inside ? op + 1 : Leave.Raise(s, op, BoundRange);
    }

    /// <summary>ARPL: <see cref="Op.Extra2"/> 1 for memory.</summary>
    internal static Op* AdjustRequestedPrivilege(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (cpu.Segments.IsRealAddressing)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        byte* register = (byte*)s + op->Destination;
        ulong address = 0;
        ushort selector = *(ushort*)register;
        if (op->Extra2 == 1)
        {
            address = EffectiveAddress.Of(s, op);
            if (!Guest.Load(cpu, s, address, out selector))
            {
                return Leave.Faulted(s, op);
            }
        }

        int wanted = *(ushort*)((byte*)s + op->Source) & 3;
        bool raised = (selector & 3) < wanted;
        ushort adjusted = raised ? (ushort)((selector & ~3) | wanted) : selector;
        if (op->Extra2 == 1 && raised && !Guest.Store(cpu, s, address, adjusted))
        {
            if (s->Exit == ExitReason.CodeModified)
            {
                Flags.SetZero(s, true);
            }

            return Leave.StoreStopped(s, op);
        }

        if (op->Extra2 != 1)
        {
            *(ushort*)register = adjusted;
        }

        Flags.SetZero(s, raised);
        return op + 1;
    }

    /// <summary>LDS, LES, LSS, LFS, LGS: <see cref="Op.Extra"/> is the offset's bytes, <see cref="Op.Extra2"/> the segment.</summary>
    internal static Op* LoadFarPointer(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong address = EffectiveAddress.Of(s, op);
        if (!Stack.LoadSized(cpu, s, address, op->Extra, out ulong offset)
            || !Guest.Load(cpu, s, address + op->Extra, out ushort selector)
            || !cpu.Segments.TryLoadData(op->Extra2, selector))
        {
            return Leave.Faulted(s, op);
        }

        byte* destination = (byte*)s + op->Destination;
        switch (op->Extra)
        {
            case 2:
                W16.WriteRegister(destination, offset);
                break;
            case 4:
                W32.WriteRegister(destination, offset);
                break;
            default:
                W64.WriteRegister(destination, offset);
                break;
        }

        s->InterruptShadow = s->TrapShadow = op->Extra2 == SegmentName.Ss;
        return Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>LMSW: the low four bits of CR0, of which PE can't be cleared. <see cref="Op.Extra2"/> 1 for memory.</summary>
    internal static Op* LoadMachineStatus(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ushort value = *(ushort*)((byte*)s + op->Source);
        if (op->Extra2 == 1 && !Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out value))
        {
            return Leave.Faulted(s, op);
        }

        const ulong Low = Cr0.ProtectionEnable | Cr0.MonitorCoprocessor | Cr0.Emulation | Cr0.TaskSwitched;
        ulong loaded = (s->Cr0 & ~(Low & ~Cr0.ProtectionEnable)) | (value & Low);
        return cpu.Control.TryWrite(0, loaded)
            ? Leave.After(s, op, ExitReason.Lookup)
            : Leave.Raise(s, op, Vector.GeneralProtection, 0);
    }
}
