using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software;

/// <summary>An engine that stands still, as a record: its clock, its I/O APIC, its processors.</summary>
internal sealed class EngineRecord(SoftwareCpu[] cpus, IoApic ioApic, EngineClock clock) : ISavable
{
    /// <inheritdoc/>
    public string StateName => "software engine";

    /// <inheritdoc/>
    public int StateVersion => CpuRecord.Version;

    /// <inheritdoc/>
    public void Save(StateWriter writer)
    {
        writer.Int64(clock.Nanoseconds);
        ioApic.Save(writer);
        writer.Int32(cpus.Length);
        foreach (SoftwareCpu cpu in cpus)
        {
            cpu.Save(writer);
        }
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        long now = reader.Int64();
        ioApic.Restore(reader);
        _ = reader.Int32(cpus.Length, cpus.Length);
        foreach (SoftwareCpu cpu in cpus)
        {
            cpu.Restore(reader);
        }

        ioApic.GoOn();

        clock.GoOnFrom(now >= 0 ? now : throw new StateException("a clock before its beginning"));
    }
}
