using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Viaduct.Platform.Host;

/// <summary>Where a PCI function of the host's is, as sysfs names it: <c>0000:01:10.0</c>.</summary>
/// <param name="Domain">The segment; Linux gives domains of its own numbers over 0xFFFF.</param>
/// <param name="Bus">The bus number.</param>
/// <param name="Device">0 to 31.</param>
/// <param name="Function">0 to 7.</param>
public readonly record struct PciAddress(uint Domain, byte Bus, byte Device, byte Function) : IComparable<PciAddress>
{
    private const int LastDevice = 31;
    private const int LastFunction = 7;

    /// <summary>Bus, device and function as one number: what the function's requests carry.</summary>
    public ushort RoutingId => (ushort)((Bus << 8) | (Device << 3) | Function);

    /// <summary>Reads <c>0000:01:10.0</c>, or <c>01:10.0</c> in domain 0; hexadecimal, either case.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PciAddress address)
    {
        address = default;
        string[] parts = text?.Split(':') ?? [];
        if (parts.Length is not (2 or 3))
        {
            return false;
        }

        string[] slot = parts[^1].Split('.');
        uint domain = 0;
        if ((parts.Length == 3 && !TryHex(parts[0], 4, 8, uint.MaxValue, out domain))
            || slot.Length != 2
            || !TryHex(parts[^2], 2, 2, byte.MaxValue, out uint bus)
            || !TryHex(slot[0], 2, 2, LastDevice, out uint device)
            || !TryHex(slot[1], 1, 1, LastFunction, out uint function))
        {
            return false;
        }

        address = new PciAddress(domain, (byte)bus, (byte)device, (byte)function);
        return true;
    }

    /// <summary>Places by domain, bus, device and function.</summary>
    public int CompareTo(PciAddress other) => (Domain, RoutingId).CompareTo((other.Domain, other.RoutingId));

    /// <summary>As sysfs names it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Device:x2}.{Function:x}");

    /// <summary>Whether one comes before another.</summary>
    public static bool operator <(PciAddress left, PciAddress right) => left.CompareTo(right) < 0;

    /// <summary>Whether one comes after another.</summary>
    public static bool operator >(PciAddress left, PciAddress right) => left.CompareTo(right) > 0;

    /// <summary>Whether one comes before another, or is it.</summary>
    public static bool operator <=(PciAddress left, PciAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one comes after another, or is it.</summary>
    public static bool operator >=(PciAddress left, PciAddress right) => left.CompareTo(right) >= 0;

    private static bool TryHex(string text, int shortest, int longest, uint most, out uint number)
    {
        number = 0;
        return text.Length >= shortest && text.Length <= longest
            && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number <= most;
    }
}
