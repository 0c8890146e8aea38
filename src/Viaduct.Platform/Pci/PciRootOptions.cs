using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.Memory;

namespace Viaduct.Platform.Pci;

/// <summary>What a root complex is connected to.</summary>
public sealed record PciRootOptions
{
    /// <summary>Where memory BARs are seen.</summary>
    public required AddressSpace Memory { get; init; }

    /// <summary>Where I/O BARs are seen.</summary>
    public required AddressSpace Ports { get; init; }

    /// <summary>INTA to INTD; a source of its own at each. The pin n (0 for INTA) of device d on the root bus comes to line (d + n) mod 4.</summary>
    public required IReadOnlyList<IInterruptLine> Lines { get; init; }

    /// <summary>What functions reach by DMA.</summary>
    public required GuestMemory DmaMemory { get; init; }

    /// <summary>Where MSIs arrive.</summary>
    public required IMsiSink Msi { get; init; }

    /// <summary>Interrupts that eventfds raise past the monitor, if the engine has such.</summary>
    public IInterruptEvents? InterruptEvents { get; init; }

    /// <summary>The global system interrupt of the first of <see cref="Lines"/>; the others follow.</summary>
    public int FirstLine { get; init; }

    /// <summary>Where configuration accesses, and the root's own functions, are counted.</summary>
    public required DeviceCounters Counters { get; init; }

    /// <summary>Waits until no vCPU can still reach what <see cref="Memory"/> showed before its last change; called while a device answers one, or by a thread that is none.</summary>
    public Action? Synchronize { get; init; }

    /// <summary>The highest bus number that can be reached, up to 255; ECAM takes 1 MiB a bus.</summary>
    public int LastBus { get; init; } = 255;
}
