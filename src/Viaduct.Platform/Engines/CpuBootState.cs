namespace Viaduct.Platform.Engines;

/// <summary>The registers of the bootstrap processor at its first instruction; those not named are zero, interrupts are off, segments are flat.</summary>
public sealed record CpuBootState
{
    /// <summary>The mode.</summary>
    public required CpuMode Mode { get; init; }

    /// <summary>The address of the first instruction.</summary>
    public required ulong Rip { get; init; }

    /// <summary>RSI: the boot_params structure in Linux's protocol.</summary>
    public ulong Rsi { get; init; }

    /// <summary>RBX: the start info structure in PVH, the information structure in multiboot.</summary>
    public ulong Rbx { get; init; }

    /// <summary>RAX: the magic number in multiboot.</summary>
    public ulong Rax { get; init; }

    /// <summary>RSP.</summary>
    public ulong Rsp { get; init; }

    /// <summary>CR3: the guest physical address of the top-level page table (64-bit mode).</summary>
    public ulong PageTable { get; init; }

    /// <summary>The guest physical address of the GDT.</summary>
    public ulong GdtBase { get; init; }

    /// <summary>The GDT's limit.</summary>
    public ushort GdtLimit { get; init; }

    /// <summary>The code segment's selector.</summary>
    public ushort CodeSelector { get; init; } = 0x10;

    /// <summary>The selector of data, stack and extra segments.</summary>
    public ushort DataSelector { get; init; } = 0x18;
}
