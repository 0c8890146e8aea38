namespace Viaduct.Cli.Doctor;

/// <summary>A road on this host.</summary>
/// <param name="Road">Its name.</param>
/// <param name="Usable">Whether a guest can take it here.</param>
/// <param name="Reason">Why not, or what it is.</param>
/// <param name="Remedy">What would help; empty where nothing has to.</param>
internal sealed record RoadState(string Road, bool Usable, string Reason, string Remedy);
