using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

/// <summary>Some processors' local APICs, an I/O APIC and the bus between them.</summary>
internal sealed class Bench
{
    public Bench(int cpus = 1)
    {
        Kicks = [.. Enumerable.Range(0, cpus).Select(_ => new CountingKick())];
        Locals = [.. Enumerable.Range(0, cpus).Select(i => new LocalApic((uint)i, i == 0, Clock, Kicks[i], Router))];
        IoApic = new IoApic(0, Router);
    }

    public ManualClock Clock { get; } = new() { Nanoseconds = 1_000 };

    public InterruptRouter Router { get; } = new();

    public CountingKick[] Kicks { get; }

    public LocalApic[] Locals { get; }

    public LocalApic Apic => Locals[0];

    public IoApic IoApic { get; }

    public Bench Enabled()
    {
        foreach (LocalApic apic in Locals)
        {
            Write(apic, 0xF0, 0x1FF);
        }

        return this;
    }

    public Bench InX2ApicMode()
    {
        foreach (LocalApic apic in Locals)
        {
            Assert.True(apic.TryWriteBase(apic.BaseRegister | 0xC00));
            Assert.True(apic.TryWriteRegister(0xF, 0x1FF));
        }

        return this;
    }

    public static void Write(LocalApic apic, ulong offset, uint value) => apic.Write(offset, 4, value);

    public static uint Read(LocalApic apic, ulong offset)
    {
        apic.Read(offset, 4, out ulong value);
        return (uint)value;
    }

    public void SetPin(int pin, ulong entry)
    {
        WriteIo(0x11 + (2 * pin), (uint)(entry >> 32));
        WriteIo(0x10 + (2 * pin), (uint)entry);
    }

    public uint ReadIo(int register)
    {
        IoApic.Write(0, 4, (ulong)register);
        IoApic.Read(0x10, 4, out ulong value);
        return (uint)value;
    }

    public void WriteIo(int register, uint value)
    {
        IoApic.Write(0, 4, (ulong)register);
        IoApic.Write(0x10, 4, value);
    }
}
