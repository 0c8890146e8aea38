namespace Viaduct.Platform.Dma;

/// <summary>Which way bytes go, seen from memory.</summary>
public enum DmaDirection
{
    /// <summary>The device reads memory.</summary>
    ToDevice,

    /// <summary>The device writes memory.</summary>
    FromDevice,
}
