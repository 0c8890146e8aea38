namespace Viaduct.Lab.Outer;

/// <summary>An outer machine can't be made or is gone, or a script took too long in it; the message has what is known of it.</summary>
public sealed class OuterMachineException(string message) : Exception(message);
