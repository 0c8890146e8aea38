using System.Security.Cryptography;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Control registers, MSRs, identification, interrupt flag, halt and cache instructions.</summary>
internal static unsafe class Privileged
{
    internal static Op* Halt(SoftwareCpu cpu, CpuState* s, Op* op) =>
        s->Cpl != 0 ? Leave.Raise(s, op, Vector.GeneralProtection, 0) : Leave.After(s, op, ExitReason.Halt);

    internal static Op* ClearInterrupts(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!MayChangeInterrupts(s))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->FlagsOther &= ~Rflags.Interrupt;
        return op + 1;
    }

    /// <summary>STI: interrupts wait for one more instruction, after which the decoder ends the block and they are looked at where any wait.</summary>
    internal static Op* SetInterrupts(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (!MayChangeInterrupts(s))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->FlagsOther |= Rflags.Interrupt;
        if (cpu.Apic.HasInterrupt)
        {
            s->Limit = 0;
        }

        return op + 1;
    }

    internal static Op* Identify(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        (uint eax, uint ebx, uint ecx, uint edx) = CpuIdentification.Query(
            (uint)s->Registers[0], (uint)s->Registers[1], cpu.Apic.Id, cpu.ProcessorCount, cpu.Features, s->Cr4);
        if ((uint)s->Registers[0] == 1 && !cpu.Apic.IsEnabled)
        {
            edx &= ~CpuIdentification.LocalApic;
        }

        s->Registers[0] = eax;
        s->Registers[3] = ebx;
        s->Registers[1] = ecx;
        s->Registers[2] = edx;
        if (!cpu.Memory.VerifiesCode && cpu.ProcessorCount == 1)
        {
            return op + 1;
        }

        // A guest serializes before it runs what others wrote.
        cpu.Memory.SerializeCode();
        return Leave.After(s, op);
    }

    internal static Op* ReadMsr(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0 || !cpu.Msrs.TryRead((uint)s->Registers[1], out ulong value))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Registers[0] = (uint)value;
        s->Registers[2] = value >> 32;
        return op + 1;
    }

    internal static Op* WriteMsr(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong value = (s->Registers[2] << 32) | (uint)s->Registers[0];
        return s->Cpl != 0 || !cpu.Msrs.TryWrite((uint)s->Registers[1], value)
            ? Leave.Raise(s, op, Vector.GeneralProtection, 0)
            : Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>RDTSC and, with <see cref="Op.Extra"/> 1, RDTSCP.</summary>
    internal static Op* ReadTimeStamp(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0 && (s->Cr4 & Cr4.TimeStampDisable) != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong now = cpu.Msrs.TimeStamp;
        s->Registers[0] = (uint)now;
        s->Registers[2] = now >> 32;
        if (op->Extra == 1)
        {
            s->Registers[1] = cpu.Msrs.TscAux;
        }

        return op + 1;
    }

    internal static Op* ReadProcessorId(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        *(ulong*)((byte*)s + op->Destination) = cpu.Msrs.TscAux;
        return op + 1;
    }

    internal static Op* ReadRandom<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        ulong value;
        RandomNumberGenerator.Fill(new Span<byte>(&value, sizeof(ulong)));
        TWidth.WriteRegister((byte*)s + op->Destination, value);
        Flags.Write(s, Rflags.Carry);
        return op + 1;
    }

    /// <summary>MOV from CR: <see cref="Op.Extra"/> is its number.</summary>
    internal static Op* ReadControl(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        *(ulong*)((byte*)s + op->Destination) = op->Extra switch
        {
            0 => s->Cr0,
            2 => s->Cr2,
            3 => s->Cr3,
            4 => s->Cr4,
            _ => cpu.Apic.Cr8,
        };
        return op + 1;
    }

    /// <summary>MOV to CR: <see cref="Op.Extra"/> is its number.</summary>
    internal static Op* WriteControl(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong value = *(ulong*)((byte*)s + op->Source);
        return s->Cpl != 0 || !cpu.Control.TryWrite(op->Extra, s->Long64 ? value : (uint)value)
            ? Leave.Raise(s, op, Vector.GeneralProtection, 0)
            : Leave.After(s, op, ExitReason.Lookup);
    }

    internal static Op* ReadDebug(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (cpu.Control.CheckDebugAccess(op->Extra) is >= 0 and int vector)
        {
            return Leave.Raise(s, op, (byte)vector);
        }

        *(ulong*)((byte*)s + op->Destination) = cpu.Control.ReadDebug(op->Extra);
        return op + 1;
    }

    internal static Op* WriteDebug(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        ulong value = s->Long64 ? *(ulong*)((byte*)s + op->Source) : *(uint*)((byte*)s + op->Source);
        if (s->Cpl == 0 && cpu.Control.CheckDebugAccess(op->Extra) is >= 0 and int vector)
        {
            return Leave.Raise(s, op, (byte)vector);
        }

        if (s->Cpl != 0 || (op->Extra >= 4 && value >> 32 != 0))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        cpu.Control.WriteDebug(op->Extra, value);
        return Leave.After(s, op, ExitReason.Lookup);
    }

    internal static Op* ClearTaskSwitched(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Cr0 &= ~Cr0.TaskSwitched;
        return op + 1;
    }

    internal static Op* InvalidatePage(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        cpu.Memory.FlushPage(EffectiveAddress.Of(s, op));
        return Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>WBINVD, INVD: memory is always coherent here.</summary>
    internal static Op* FlushCaches(SoftwareCpu cpu, CpuState* s, Op* op) =>
        s->Cpl != 0 ? Leave.Raise(s, op, Vector.GeneralProtection, 0) : op + 1;

    internal static Op* SwapGs(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        ulong user = s->Segments[SegmentName.Gs].Base;
        cpu.Msrs.SetBase(SegmentName.Gs, cpu.Msrs.KernelGsBase);
        cpu.Msrs.KernelGsBase = user;
        return op + 1;
    }

    /// <summary>RDFSBASE, RDGSBASE: <see cref="Op.Extra"/> is the segment.</summary>
    internal static Op* ReadSegmentBase<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if ((s->Cr4 & Cr4.FsGsBaseEnable) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        TWidth.WriteRegister((byte*)s + op->Destination, s->Segments[op->Extra].Base);
        return op + 1;
    }

    /// <summary>WRFSBASE, WRGSBASE.</summary>
    internal static Op* WriteSegmentBase<TWidth>(SoftwareCpu cpu, CpuState* s, Op* op)
        where TWidth : IWidth
    {
        if ((s->Cr4 & Cr4.FsGsBaseEnable) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        ulong value = TWidth.Read((byte*)s + op->Destination);
        if (!Branches.IsCanonical(value))
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        cpu.Msrs.SetBase(op->Extra, value);
        return op + 1;
    }

    /// <summary>STAC and, with <see cref="Op.Extra"/> 1, CLAC.</summary>
    internal static Op* AllowUserAccess(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if (s->Cpl != 0 || (cpu.Features & ProcessorFeatures.AccessPrevention) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if (op->Extra == 1)
        {
            s->FlagsOther &= ~Rflags.AlignmentCheck;
            cpu.Memory.TakeBackPages();
        }
        else
        {
            s->FlagsOther |= Rflags.AlignmentCheck;
        }

        return op + 1;
    }

    /// <summary>RDPKRU.</summary>
    internal static Op* ReadKeyRights(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if ((s->Cr4 & Cr4.UserKeys) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if ((uint)s->Registers[1] != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        s->Registers[0] = s->UserKeyRights;
        s->Registers[2] = 0;
        return op + 1;
    }

    /// <summary>WRPKRU.</summary>
    internal static Op* WriteKeyRights(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        if ((s->Cr4 & Cr4.UserKeys) == 0)
        {
            return Leave.Raise(s, op, Vector.InvalidOpcode);
        }

        if ((uint)s->Registers[1] != 0 || (uint)s->Registers[2] != 0)
        {
            return Leave.Raise(s, op, Vector.GeneralProtection, 0);
        }

        if (s->UserKeyRights != (uint)s->Registers[0])
        {
            s->UserKeyRights = (uint)s->Registers[0];
            cpu.Memory.FlushAll();
        }

        return Leave.After(s, op, ExitReason.Lookup);
    }

    /// <summary>More than 15 bytes, which no instruction has (Intel SDM vol. 2A 2.3.11).</summary>
    internal static Op* TooLong(SoftwareCpu cpu, CpuState* s, Op* op) => Leave.Raise(s, op, Vector.GeneralProtection, 0);

    internal static Op* Undefined(SoftwareCpu cpu, CpuState* s, Op* op) => Leave.Raise(s, op, Vector.InvalidOpcode);

    internal static Op* Nothing(SoftwareCpu cpu, CpuState* s, Op* op) => op + 1;

    /// <summary>PAUSE: who waits for a processor that has no host processor lets it have one.</summary>
    internal static Op* Pause(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        cpu.Relax();
        return op + 1;
    }

    /// <summary>LFENCE, MFENCE, SFENCE.</summary>
    internal static Op* Fence(SoftwareCpu cpu, CpuState* s, Op* op)
    {
        Interlocked.MemoryBarrier();
        return op + 1;
    }

    /// <summary>CLFLUSH: faults as a load would, and memory is always coherent here.</summary>
    internal static Op* TouchLine(SoftwareCpu cpu, CpuState* s, Op* op) =>
        Guest.Load(cpu, s, EffectiveAddress.Of(s, op), out byte _) ? op + 1 : Leave.Faulted(s, op);

    private static bool MayChangeInterrupts(CpuState* s) => s->Cpl <= (int)((s->FlagsOther & Rflags.IoPrivilege) >> 12);
}
