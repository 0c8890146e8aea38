using Viaduct.Platform.Memory;

namespace Viaduct.Assigned;

/// <summary>A part of a region that can be mapped.</summary>
/// <param name="Offset">Bytes from the region's start, a multiple of the page size.</param>
/// <param name="Length">Bytes, a multiple of the page size.</param>
/// <param name="Memory">The device's memory; the device disposes it.</param>
/// <param name="MemoryOffset">Where in it the part begins.</param>
public readonly record struct AssignedArea(ulong Offset, ulong Length, HostMemory Memory, ulong MemoryOffset);
