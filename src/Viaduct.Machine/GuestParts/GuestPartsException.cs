namespace Viaduct.Machine.GuestParts;

/// <summary>A kernel, a program or a module for a guest can't be had; the message says what to do.</summary>
public sealed class GuestPartsException(string message) : Exception(message);
