namespace Viaduct.Cli.Doctor;

/// <summary>An engine on this host.</summary>
/// <param name="Name"><c>kvm</c> or <c>software</c>.</param>
/// <param name="Usable">Whether it runs guests here.</param>
/// <param name="Reason">Why not, or what it is.</param>
/// <param name="Remedy">What would help; empty where nothing has to.</param>
internal sealed record EngineState(string Name, bool Usable, string Reason, string Remedy);
