namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>How an instruction fared.</summary>
/// <param name="Cases">Cases filed under it.</param>
/// <param name="Mismatched">Those that came out differently.</param>
public readonly record struct MnemonicTally(long Cases, long Mismatched);
