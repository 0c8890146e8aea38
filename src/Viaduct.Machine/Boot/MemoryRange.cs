namespace Viaduct.Machine.Boot;

/// <summary>A range of guest physical memory as firmware describes it to a kernel (ACPI 6.5, 15.4).</summary>
/// <param name="Start">The first address.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Kind">What it is.</param>
public readonly record struct MemoryRange(ulong Start, ulong Length, MemoryRangeKind Kind);
