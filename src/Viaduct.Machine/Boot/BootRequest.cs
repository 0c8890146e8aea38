namespace Viaduct.Machine.Boot;

/// <summary>What is to be booted, and what firmware would say of the machine.</summary>
internal sealed record BootRequest
{
    /// <summary>The kernel's file: a bzImage or an ELF vmlinux.</summary>
    internal required string KernelPath { get; init; }

    /// <summary>The initial RAM disk's file.</summary>
    internal string? InitrdPath { get; init; }

    /// <summary>Where unpacked kernels are kept; null for nowhere.</summary>
    internal string? CacheFolder { get; init; }

    /// <summary>The kernel's command line.</summary>
    internal string CommandLine { get; init; } = "";

    /// <summary>The memory map.</summary>
    internal required IReadOnlyList<MemoryRange> MemoryMap { get; init; }

    /// <summary>The guest physical address of ACPI's RSDP.</summary>
    internal required ulong Rsdp { get; init; }
}
