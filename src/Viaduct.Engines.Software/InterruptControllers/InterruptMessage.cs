namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>An interrupt on its way to local APICs: from another local APIC, an I/O APIC's pin, or a device's MSI.</summary>
/// <param name="Mode">What is asked.</param>
/// <param name="Vector">The vector, where the mode has one.</param>
/// <param name="Level">Level-triggered: its EOI is broadcast to the I/O APICs.</param>
/// <param name="Logical">Whether the destination is matched with logical IDs.</param>
/// <param name="Destination">Physical ID, or the message destination address.</param>
/// <param name="Wide">Whether the destination is 32 bits (x2APIC), not 8.</param>
public readonly record struct InterruptMessage(DeliveryMode Mode, byte Vector, bool Level, bool Logical, uint Destination, bool Wide)
{
    /// <summary>Whether every local APIC is meant.</summary>
    public bool IsBroadcast => Destination == (Wide ? uint.MaxValue : 0xFFu);

    /// <summary>Reads the fields that MSI data, redirection entries and the ICR have in common: vector, mode and trigger.</summary>
    internal static DeliveryMode ModeOf(uint low) => (DeliveryMode)((low >> 8) & 7);
}
