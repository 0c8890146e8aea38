namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>Whether a logical destination names an APIC (Intel SDM vol. 3A 11.6.2.2, 11.12.10.2).</summary>
internal static class LogicalDestination
{
    /// <summary>Compares.</summary>
    /// <param name="identity">The APIC's logical destination register.</param>
    /// <param name="format">Its destination format register; without meaning in x2APIC mode.</param>
    /// <param name="x2Apic">Its mode.</param>
    /// <param name="wanted">The message's destination.</param>
    internal static bool Matches(uint identity, uint format, bool x2Apic, uint wanted)
    {
        if (x2Apic)
        {
            return (identity >> 16) == (wanted >> 16) && (identity & wanted & 0xFFFF) != 0;
        }

        identity >>= 24;
        bool flat = (format >> 28) == 0xF;
        return wanted <= 0xFF && (flat
            ? (identity & wanted) != 0
            : (identity >> 4) == (wanted >> 4) && (identity & wanted & 0xF) != 0);
    }
}
