using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>IA32_APIC_BASE (MSR 1BH; Intel SDM vol. 3A 11.4.4 and 11.12.1): where the MMIO page is, and the mode.</summary>
internal sealed class ApicBase(bool bootstrap)
{
    private const ulong Bootstrap = 1 << 8;
    private const ulong X2Apic = 1 << 10;
    private const ulong Enabled = 1 << 11;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_F000;

    private readonly ulong _bootstrap = bootstrap ? Bootstrap : 0;

    /// <summary>As it reads.</summary>
    public ulong Value { get; private set; }

    /// <summary>The guest physical address of the MMIO page.</summary>
    public ulong Address => Value & AddressMask;

    public bool IsBootstrap => _bootstrap != 0;

    public bool IsEnabled => (Value & Enabled) != 0;

    public bool IsX2Apic => (Value & X2Apic) != 0;

    /// <summary>Whether the MMIO page is there.</summary>
    public bool IsMmioVisible => (Value & (Enabled | X2Apic)) == Enabled;

    /// <summary>The state after power-on: xAPIC mode.</summary>
    public void Reset() => Value = LocalApic.DefaultBase | Enabled | _bootstrap;

    public void Save(StateWriter writer) => writer.UInt64(Value);

    public void Restore(StateReader reader)
    {
        ulong value = reader.UInt64();
        Value = (value & Bootstrap) == _bootstrap ? value : throw new StateException("the state of another processor's APIC");
    }

    /// <summary>Writes it. False for #GP: reserved bits or a transition that figure 11-27 doesn't have.</summary>
    public bool TryWrite(ulong value)
    {
        const ulong Known = AddressMask | Bootstrap | X2Apic | Enabled;
        bool enabled = (value & Enabled) != 0;
        bool x2Apic = (value & X2Apic) != 0;
        if ((value & ~Known) != 0 || (x2Apic && (!enabled || !IsEnabled)) || (IsX2Apic && enabled && !x2Apic))
        {
            return false;
        }

        Value = (value & ~Bootstrap) | _bootstrap;
        return true;
    }
}
