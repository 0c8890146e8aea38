namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>What a run of the oracle found.</summary>
/// <param name="Cases">How many cases were run and compared.</param>
/// <param name="Forms">How many instruction forms they were chosen from.</param>
/// <param name="Exceptions">How many of them ended in an exception on the real processor.</param>
/// <param name="Mismatched">How many came out differently.</param>
/// <param name="ByMnemonic">How many cases, and how many that differ, by mnemonic.</param>
/// <param name="Mismatches">The first few of each mnemonic.</param>
/// <param name="Failure">Why the run ended early, for people; null when it didn't.</param>
public sealed record OracleReport(
    long Cases,
    int Forms,
    long Exceptions,
    long Mismatched,
    IReadOnlyDictionary<string, MnemonicTally> ByMnemonic,
    IReadOnlyList<Mismatch> Mismatches,
    string? Failure);
