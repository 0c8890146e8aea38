namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>A host that registered with a namespace.</summary>
/// <param name="Host">Who.</param>
/// <param name="Key">Its reservation key.</param>
internal readonly record struct Registrant(HostIdentity Host, ulong Key);
