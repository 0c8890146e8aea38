using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Viaduct.Backends.Network;

/// <summary>An Ethernet address (IEEE 802, EUI-48): six bytes, the first one sent in the top bits.</summary>
/// <param name="Value">The 48 bits.</param>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Bytes.</summary>
    public const int Length = 6;

    private const ulong GroupBit = 1UL << 40;
    private const ulong LocalBit = 1UL << 41;

    /// <summary>Everybody.</summary>
    public static MacAddress Broadcast { get; } = new(0xFFFF_FFFF_FFFF);

    /// <summary>Whether it names a group of stations: multicast or broadcast.</summary>
    public bool IsGroup => (Value & GroupBit) != 0;

    /// <summary>Whether a station can have it: neither a group nor zero.</summary>
    public bool IsStation => Value != 0 && !IsGroup;

    /// <summary>Takes the first six bytes.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (byte each in bytes[..Length])
        {
            value = (value << 8) | each;
        }

        return new MacAddress(value);
    }

    /// <summary>Writes the six bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        for (int i = 0; i < Length; i++)
        {
            bytes[i] = (byte)(Value >> (8 * (Length - 1 - i)));
        }
    }

    /// <summary>Makes a locally administered address that is always the same for a name, and hardly ever for two.</summary>
    public static MacAddress FromName(string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        _ = SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return new MacAddress((Read(hash).Value & ~GroupBit) | LocalBit);
    }

    /// <summary>Reads <c>52:54:00:12:34:56</c>.</summary>
    /// <returns>False when it is none.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != (3 * Length) - 1)
        {
            return false;
        }

        ulong value = 0;
        for (int i = 0; i < Length; i++)
        {
            ReadOnlySpan<char> part = text.Slice(3 * i, 2);
            if (!byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte each)
                || (i != 0 && text[(3 * i) - 1] is not (':' or '-')))
            {
                return false;
            }

            value = (value << 8) | each;
        }

        address = new MacAddress(value);
        return true;
    }

    /// <summary>As <c>52:54:00:12:34:56</c>.</summary>
    public override string ToString() => string.Create((3 * Length) - 1, Value, static (text, value) =>
    {
        for (int i = 0; i < Length; i++)
        {
            _ = ((byte)(value >> (8 * (Length - 1 - i)))).TryFormat(text[(3 * i)..], out _, "x2", CultureInfo.InvariantCulture);
            if (i != Length - 1)
            {
                text[(3 * i) + 2] = ':';
            }
        }
    });
}
