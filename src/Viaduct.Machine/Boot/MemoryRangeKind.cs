namespace Viaduct.Machine.Boot;

/// <summary>Types of address ranges (ACPI 6.5, table 15.7).</summary>
public enum MemoryRangeKind : uint
{
    /// <summary>Free for the kernel.</summary>
    Ram = 1,

    /// <summary>Not to be used.</summary>
    Reserved = 2,

    /// <summary>ACPI tables, free once they are read.</summary>
    AcpiReclaimable = 3,
}
