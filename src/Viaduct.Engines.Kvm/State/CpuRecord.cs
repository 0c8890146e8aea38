using System.Runtime.InteropServices;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Kvm.State;

/// <summary>
/// A processor that stands still, as a record, in the kernel's own structures. The order of restoring is the kernel's:
/// the local APIC's mode is in the system registers, its timer's deadline in an MSR, and what is being delivered comes
/// last.
/// </summary>
internal static class CpuRecord
{
    internal const int Version = 1;

    internal static void Save(KvmCpu cpu, ReadOnlySpan<uint> msrs, StateWriter writer)
    {
        // First, since asking for it has a start-up message that has come taken note of.
        Write(writer, cpu.Get<KvmRunState>(KvmRequests.KVM_GET_MP_STATE, "KVM_GET_MP_STATE"));
        Write(writer, cpu.Registers);
        Write(writer, cpu.SystemRegisters);
        byte[] image = cpu.ExtendedState;
        writer.Int32(image.Length);
        writer.Bytes(image);
        Write(writer, cpu.Get<KvmExtendedControls>(KvmRequests.KVM_GET_XCRS, "KVM_GET_XCRS"));
        Write(writer, cpu.Get<KvmDebugRegisters>(KvmRequests.KVM_GET_DEBUGREGS, "KVM_GET_DEBUGREGS"));
        Write(writer, cpu.Get<KvmLocalApic>(KvmRequests.KVM_GET_LAPIC, "KVM_GET_LAPIC"));
        MsrRecord.Save(cpu, msrs, writer);
        Write(writer, cpu.Get<KvmEvents>(KvmRequests.KVM_GET_VCPU_EVENTS, "KVM_GET_VCPU_EVENTS"));
    }

    internal static void Restore(KvmCpu cpu, ReadOnlySpan<uint> msrs, StateReader reader)
    {
        cpu.Set(KvmRequests.KVM_SET_MP_STATE, Read<KvmRunState>(reader), "KVM_SET_MP_STATE");
        cpu.Registers = Read<KvmRegisters>(reader);
        cpu.SystemRegisters = Read<KvmSystemRegisters>(reader);
        int length = reader.Int32(cpu.ExtendedStateLength, cpu.ExtendedStateLength);
        cpu.ExtendedState = reader.Bytes(length).ToArray();
        cpu.Set(KvmRequests.KVM_SET_XCRS, Read<KvmExtendedControls>(reader), "KVM_SET_XCRS");
        cpu.Set(KvmRequests.KVM_SET_DEBUGREGS, Read<KvmDebugRegisters>(reader), "KVM_SET_DEBUGREGS");
        cpu.Set(KvmRequests.KVM_SET_LAPIC, Read<KvmLocalApic>(reader), "KVM_SET_LAPIC");
        MsrRecord.Restore(cpu, msrs, reader);
        cpu.Set(KvmRequests.KVM_SET_VCPU_EVENTS, Read<KvmEvents>(reader), "KVM_SET_VCPU_EVENTS");
    }

    internal static void Write<T>(StateWriter writer, in T value)
        where T : unmanaged => writer.Bytes(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    internal static unsafe T Read<T>(StateReader reader)
        where T : unmanaged => MemoryMarshal.Read<T>(reader.Bytes(sizeof(T)));
}
