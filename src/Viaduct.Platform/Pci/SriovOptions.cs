using Viaduct.Platform.Accounting;

namespace Viaduct.Platform.Pci;

/// <summary>What a physical function says about its virtual functions (PCI Express Base 5.0, 9.3.3).</summary>
public sealed record SriovOptions
{
    /// <summary>How many there can be.</summary>
    public required int TotalVfs { get; init; }

    /// <summary>The device ID of each; the vendor is the physical function's.</summary>
    public required ushort VfDeviceId { get; init; }

    /// <summary>From the physical function's routing ID to the first one's.</summary>
    public int FirstVfOffset { get; init; } = 1;

    /// <summary>From one's routing ID to the next one's.</summary>
    public int VfStride { get; init; } = 1;

    /// <summary><see cref="FirstVfOffset"/> while the hierarchy isn't said to be ARI capable; null for the same. Without ARI the eight numbers of device 0 are all that is reached on the physical function's bus.</summary>
    public int? FirstVfOffsetWithoutAri { get; init; }

    /// <summary><see cref="VfStride"/> while the hierarchy isn't said to be ARI capable; null for the same.</summary>
    public int? VfStrideWithoutAri { get; init; }

    /// <summary>Page sizes that BARs can align to: bit n is 2^(n + 12) bytes.</summary>
    public uint SupportedPageSizes { get; init; } = 0x553;

    /// <summary>The physical function that has to have its virtual functions enabled together with this one; null for none.</summary>
    public int? FunctionDependencyLink { get; init; }

    /// <summary>Where it says what a guest did wrong.</summary>
    public IEventLog? Log { get; init; }
}
