using System.Runtime.InteropServices;
using Viaduct.Engines.Software.FloatingPoint;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software;

/// <summary>A processor between two instructions, as a record. What follows from other registers is not written but worked out again.</summary>
internal static unsafe class CpuRecord
{
    internal const int Version = 1;

    internal static void Save(SoftwareCpu cpu, StateWriter writer)
    {
        CpuState* s = cpu.State;
        for (int i = 0; i < 16; i++)
        {
            writer.UInt64(s->Registers[i]);
        }

        foreach (ulong value in (ReadOnlySpan<ulong>)[s->Rip, Flags.Read(s), s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit, s->Cr0, s->Cr2, s->Cr3, s->Cr4, s->Efer])
        {
            writer.UInt64(value);
        }

        for (int i = 0; i < 8; i++)
        {
            SegmentRegister segment = s->Segments[i];
            writer.UInt64(segment.Base);
            writer.UInt32(segment.Limit);
            writer.UInt32(segment.Attributes);
            writer.UInt32(segment.Selector);
        }

        writer.Int32(s->Cpl);
        writer.Boolean(s->InterruptShadow);
        writer.Boolean(s->TrapShadow);
        writer.Boolean(cpu.Exceptions.NmiBlocked);
        writer.Words([s->Mxcsr, s->UserKeyRights, s->SupervisorKeyRights]);
        writer.Bytes(new ReadOnlySpan<byte>(&s->Xmm, sizeof(CpuState.XmmRegisters)));
        writer.Bytes(new ReadOnlySpan<byte>(&s->X87, sizeof(X87State)));
        writer.Int64(s->Instructions);
        cpu.Msrs.Save(writer);
        cpu.Control.Save(writer);
        cpu.Apic.Save(writer);
    }

    internal static void Restore(SoftwareCpu cpu, StateReader reader)
    {
        const uint MxcsrKnown = 0xFFBF;
        CpuState* s = cpu.State;
        for (int i = 0; i < 16; i++)
        {
            s->Registers[i] = reader.UInt64();
        }

        s->Rip = reader.UInt64();
        uint flags = (uint)reader.UInt64();
        s->FlagsOther = flags & Rflags.Other;
        Flags.Write(s, flags);
        (s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit) = (reader.UInt64(), (ushort)reader.UInt64(), reader.UInt64(), (ushort)reader.UInt64());
        (s->Cr0, s->Cr2, s->Cr3) = (reader.UInt64() & Cr0.Known, reader.UInt64(), reader.UInt64());
        (s->Cr4, s->Efer) = (reader.UInt64() & Cr4.SupportedWith(cpu.Features), reader.UInt64() & Efer.Supported);
        for (int i = 0; i < 8; i++)
        {
            s->Segments[i] = new SegmentRegister
            {
                Base = reader.UInt64(),
                Limit = reader.UInt32(),
                Attributes = (ushort)reader.UInt32(),
                Selector = (ushort)reader.UInt32(),
            };
        }

        s->Cpl = reader.Int32(0, 3);
        s->InterruptShadow = reader.Boolean();
        s->TrapShadow = reader.Boolean();
        cpu.Exceptions.NmiBlocked = reader.Boolean();
        s->Mxcsr = reader.UInt32() & MxcsrKnown;
        (s->UserKeyRights, s->SupervisorKeyRights) = (reader.UInt32(), reader.UInt32());
        reader.Bytes(sizeof(CpuState.XmmRegisters)).CopyTo(new Span<byte>(&s->Xmm, sizeof(CpuState.XmmRegisters)));
        s->X87 = MemoryMarshal.Read<X87State>(reader.Bytes(sizeof(X87State)));
        s->Instructions = reader.Int64();
        cpu.Msrs.Restore(reader);
        cpu.Control.Restore(reader);
        cpu.Apic.Restore(reader);
        cpu.Memory.FlushAll();
        cpu.Segments.Refresh();
    }
}
