namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>One piece of state in which two runs of a case differ.</summary>
/// <param name="Where">A register, flags, memory, or the exception.</param>
/// <param name="Before">Its value before the case; empty where it has none.</param>
/// <param name="Expected">The real processor's value.</param>
/// <param name="Actual">The compared engine's value.</param>
public readonly record struct Difference(string Where, string Before, string Expected, string Actual);
