namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>A case that came out differently.</summary>
/// <param name="Mnemonic">The instruction it is filed under.</param>
/// <param name="Index">The case's number.</param>
/// <param name="Text">Bytes, disassembly, the state that matters and what differs, for people.</param>
/// <param name="Differences">What differs.</param>
public sealed record Mismatch(string Mnemonic, ulong Index, string Text, IReadOnlyList<Difference> Differences);
