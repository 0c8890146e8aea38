using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Kvm.State;

/// <summary>An engine that stands still, as a record: its clock, its interrupt controllers, its processors.</summary>
internal sealed class EngineRecord(KvmMachine machine, KvmCpu[] cpus, uint[] msrs) : ISavable
{
    private static ReadOnlySpan<uint> Chips => [KvmInterruptChip.FirstPic, KvmInterruptChip.SecondPic, KvmInterruptChip.IoApic];

    /// <inheritdoc/>
    public string StateName => "KVM engine";

    /// <inheritdoc/>
    public int StateVersion => CpuRecord.Version;

    /// <inheritdoc/>
    public void Save(StateWriter writer)
    {
        writer.UInt64(machine.Clock);
        foreach (uint chip in Chips)
        {
            CpuRecord.Write(writer, machine.GetInterruptChip(chip));
        }

        writer.Int32(cpus.Length);
        foreach (KvmCpu cpu in cpus)
        {
            CpuRecord.Save(cpu, msrs, writer);
        }
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        try
        {
            ulong clock = reader.UInt64();
            foreach (uint chip in Chips)
            {
                machine.SetInterruptChip(CpuRecord.Read<KvmInterruptChip>(reader) with { Chip = chip });
            }

            _ = reader.Int32(cpus.Length, cpus.Length);
            foreach (KvmCpu cpu in cpus)
            {
                CpuRecord.Restore(cpu, msrs, reader);
            }

            machine.Clock = clock;
        }
        catch (HostException error)
        {
            throw new StateException($"this host's KVM refuses the state: {error.Message}");
        }
    }
}
