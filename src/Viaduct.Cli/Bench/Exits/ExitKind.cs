namespace Viaduct.Cli.Bench.Exits;

/// <summary>What a guest does again and again.</summary>
internal enum ExitKind
{
    /// <summary>OUT to a register.</summary>
    PortWrite,

    /// <summary>A store to a register.</summary>
    MmioWrite,

    /// <summary>A load from a register.</summary>
    MmioRead,

    /// <summary>A store that raises an eventfd.</summary>
    Doorbell,

    /// <summary>OUT to a register that raises an eventfd, which interrupts the guest.</summary>
    Interrupt,
}
