namespace Viaduct.Cli.Doctor;

/// <summary>Something of the host's that Viaduct uses where it can.</summary>
/// <param name="Usable">Whether it can be used here.</param>
/// <param name="Reason">Why not, or what it is used for.</param>
/// <param name="Remedy">What would help; empty where nothing has to.</param>
internal sealed record FacilityState(bool Usable, string Reason, string Remedy);
