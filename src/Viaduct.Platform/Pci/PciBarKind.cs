namespace Viaduct.Platform.Pci;

/// <summary>What a base address register decodes (PCI Express Base 5.0, 7.5.1.2.1).</summary>
public enum PciBarKind
{
    /// <summary>I/O ports.</summary>
    Io,

    /// <summary>Memory below 4 GiB.</summary>
    Memory32,

    /// <summary>Memory anywhere; takes two registers.</summary>
    Memory64,

    /// <summary>Memory anywhere, reads without side effects; takes two registers.</summary>
    Memory64Prefetchable,

    /// <summary>Memory below 4 GiB, reads without side effects.</summary>
    Memory32Prefetchable,

    /// <summary>The expansion ROM: memory below 4 GiB, seen while the register's own bit enables it (7.5.1.2.4).</summary>
    Rom,
}
