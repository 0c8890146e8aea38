namespace Viaduct.Cli.Doctor.Host;

/// <summary>Something of this host's that its own devices need to become guests'.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Usable">Whether it is there and on.</param>
/// <param name="Reason">What was found.</param>
/// <param name="Remedy">What would help; empty where nothing has to.</param>
internal sealed record HostFinding(string Name, bool Usable, string Reason, string Remedy);
