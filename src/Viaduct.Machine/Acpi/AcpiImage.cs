using Viaduct.Machine.Boot;

namespace Viaduct.Machine.Acpi;

/// <summary>Tables ready to be copied into guest memory.</summary>
/// <param name="Address">Where the bytes go; also the address of the RSDP, with which they begin.</param>
/// <param name="Bytes">All tables, with the addresses of each other.</param>
/// <param name="MemoryMap">What the guest's memory map says: the tables and the configuration space.</param>
public sealed record AcpiImage(ulong Address, ReadOnlyMemory<byte> Bytes, IReadOnlyList<MemoryRange> MemoryMap);
