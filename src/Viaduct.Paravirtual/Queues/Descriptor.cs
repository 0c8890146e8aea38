namespace Viaduct.Paravirtual.Queues;

/// <summary>A part of a buffer in guest memory.</summary>
/// <param name="Address">Guest physical; unchecked, as the driver wrote it.</param>
/// <param name="Length">Bytes; may be zero.</param>
public readonly record struct Descriptor(ulong Address, uint Length);
