namespace Viaduct.Platform.Engines;

/// <summary>How a processor is set up when its first instruction runs.</summary>
public enum CpuMode
{
    /// <summary>64-bit mode, paging on, flat segments: Linux's 64-bit boot protocol.</summary>
    Long64,

    /// <summary>32-bit protected mode, paging off, flat segments: PVH and multiboot.</summary>
    Protected32,
}
