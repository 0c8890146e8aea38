namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>A redirection table entry of the I/O APIC (82093AA datasheet 3.2.4).</summary>
internal readonly record struct RedirectionEntry(ulong Value)
{
    private const ulong RemoteIrrBit = 1 << 14;
    private const ulong LevelBit = 1 << 15;
    private const ulong MaskBit = 1 << 16;

    // Delivery status (12) and remote IRR (14) are read-only.
    private const ulong WritableLow = 0x1_AFFF;
    private const ulong WritableHigh = 0xFF00_0000_0000_0000;

    public static RedirectionEntry AfterReset => new(MaskBit);

    public byte Vector => (byte)Value;

    public bool RemoteIrr => (Value & RemoteIrrBit) != 0;

    public bool Masked => (Value & MaskBit) != 0;

    /// <summary>Level-triggered, and of a mode that has an EOI.</summary>
    public bool IsLevel => (Value & LevelBit) != 0
        && InterruptMessage.ModeOf((uint)Value) is DeliveryMode.Fixed or DeliveryMode.LowestPriority;

    public RedirectionEntry WithRemoteIrr(bool set) => new(set ? Value | RemoteIrrBit : Value & ~RemoteIrrBit);

    public RedirectionEntry WithLow(uint low)
    {
        // A switch to edge drops remote IRR: Linux clears a stuck pin so.
        ulong kept = (low & LevelBit) != 0 ? Value & RemoteIrrBit : 0;
        return new((Value & WritableHigh) | (low & WritableLow) | kept);
    }

    public RedirectionEntry WithHigh(uint high) => new((Value & uint.MaxValue) | (((ulong)high << 32) & WritableHigh));

    public InterruptMessage ToMessage() => new(
        InterruptMessage.ModeOf((uint)Value),
        Vector,
        IsLevel,
        (Value & (1 << 11)) != 0,
        (uint)(Value >> 56),
        Wide: false);
}
