namespace Viaduct.Platform.State;

/// <summary>A saved state that can't be restored: it isn't whole, or it is of another machine or version.</summary>
public sealed class StateException(string message) : Exception(message);
