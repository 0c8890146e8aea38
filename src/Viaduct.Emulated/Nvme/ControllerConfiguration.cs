namespace Viaduct.Emulated.Nvme;

/// <summary>The CC register (NVMe 1.4, 3.1.5).</summary>
internal readonly record struct ControllerConfiguration(uint Value)
{
    /// <summary>Bits that the host can set.</summary>
    internal const uint Writable = 0x00FF_FFF1;

    /// <summary>EN: the controller processes commands.</summary>
    internal bool Enabled => (Value & 1) != 0;

    /// <summary>CSS: which command set; zero is NVM.</summary>
    internal uint CommandSet => (Value >> 4) & 7;

    /// <summary>MPS: log2 of the host's memory page.</summary>
    internal int PageShift => (int)((Value >> 7) & 15) + 12;

    /// <summary>AMS: zero is round robin.</summary>
    internal uint Arbitration => (Value >> 11) & 7;

    /// <summary>SHN: the host is about to take power away.</summary>
    internal bool ShuttingDown => ((Value >> 14) & 3) is 1 or 2;

    /// <summary>IOSQES: log2 of a submission entry.</summary>
    internal int SubmissionEntryShift => (int)(Value >> 16) & 15;

    /// <summary>IOCQES: log2 of a completion entry.</summary>
    internal int CompletionEntryShift => (int)(Value >> 20) & 15;

    /// <summary>Whether a controller of this kind can be enabled so.</summary>
    internal bool Supported =>
        CommandSet == 0 && Arbitration == 0 && PageShift is >= NvmeLimits.SmallestPageShift and <= NvmeLimits.LargestPageShift;
}
