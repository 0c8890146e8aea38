namespace Viaduct.Sriov;

/// <summary>Who has a function.</summary>
/// <param name="Process">The process id, as it was when it connected.</param>
/// <param name="Name">What it calls itself, else its program's name.</param>
/// <param name="Since">When it got the function.</param>
public sealed record FunctionHolder(int Process, string Name, DateTimeOffset Since);
