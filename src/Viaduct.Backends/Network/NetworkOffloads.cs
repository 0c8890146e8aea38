namespace Viaduct.Backends.Network;

/// <summary>Work on frames that one side may leave to the other.</summary>
[Flags]
public enum NetworkOffloads
{
    /// <summary>None: frames are complete and as small as on the wire.</summary>
    None = 0,

    /// <summary>A TCP or UDP checksum that is still to be completed. The rest need it.</summary>
    Checksum = 1,

    /// <summary>A large TCP segment over IPv4.</summary>
    Tso4 = 2,

    /// <summary>A large TCP segment over IPv6.</summary>
    Tso6 = 4,

    /// <summary>A large TCP segment with congestion notification (CWR set).</summary>
    TsoEcn = 8,

    /// <summary>Several UDP datagrams over IPv4 as one.</summary>
    Uso4 = 16,

    /// <summary>Several UDP datagrams over IPv6 as one.</summary>
    Uso6 = 32,

    /// <summary>Everything.</summary>
    All = Checksum | Tso4 | Tso6 | TsoEcn | Uso4 | Uso6,
}
