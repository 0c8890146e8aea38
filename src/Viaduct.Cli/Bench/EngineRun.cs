namespace Viaduct.Cli.Bench;

/// <summary>What one process measured, from its start to its guest's init.</summary>
internal sealed record EngineRun
{
    /// <summary>The engine's name.</summary>
    public required string Engine { get; init; }

    /// <summary>Milliseconds from the start of the process to the guest's first instructions.</summary>
    public required double FirstInstruction { get; init; }

    /// <summary>Seconds from there to init's first line.</summary>
    public required double Boot { get; init; }

    /// <summary>Instructions of the boot.</summary>
    public required long Instructions { get; init; }

    /// <summary>CPU seconds of the vCPUs' threads over the boot.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>MiB of the process, the guest's RAM left out, when init runs.</summary>
    public required double MonitorMemory { get; init; }
}
