using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Network.Passt;

/// <summary>What is chosen about passt.</summary>
public sealed record PasstOptions
{
    /// <summary>The program; found along PATH where it has no folder.</summary>
    public string Program { get; init; } = "passt";

    /// <summary>TCP ports of the host that lead to the guest, as passt writes them: <c>2222:22,8080</c>. Null for none.</summary>
    public string? TcpPorts { get; init; }

    /// <summary>UDP ports, in the same way.</summary>
    public string? UdpPorts { get; init; }

    /// <summary>Whose network it is, for logs.</summary>
    public string Name { get; init; } = "passt";

    /// <summary>Where passt's words go, and what becomes of it.</summary>
    public required IEventLog Log { get; init; }
}
