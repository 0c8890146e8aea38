using System.Globalization;
using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host;

/// <summary>A virtual function of the host's as it stands.</summary>
public sealed record VirtualFunctionState
{
    /// <summary>From 1, as PCI Express counts them; the kernel's own tools count from 0.</summary>
    public required int Number { get; init; }

    /// <summary>Where the host has it.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>The driver that has it; null where none has.</summary>
    public string? Driver { get; init; }

    /// <summary>The only driver that may take it; null where any may.</summary>
    public string? DriverOverride { get; init; }

    /// <summary>Its IOMMU group; null where no IOMMU is in its way.</summary>
    public int? Group { get; init; }

    /// <summary>Its network interface on this host; null where it has none here.</summary>
    public string? Interface { get; init; }

    /// <summary>What the physical function's driver is told about it; null where that drives no network card.</summary>
    public VfSettings? Settings { get; init; }

    /// <summary>Who or what uses it; null where it is free.</summary>
    public FunctionUse? Use { get; init; }

    /// <summary><c>vf1</c> and so on.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"vf{Number}");
}
