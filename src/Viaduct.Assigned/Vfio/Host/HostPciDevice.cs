using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio.Host;

/// <summary>A PCI function of the host as sysfs showed it.</summary>
public sealed record HostPciDevice
{
    /// <summary>Where it is.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>The vendor's number.</summary>
    public required ushort Vendor { get; init; }

    /// <summary>The vendor's number of the device.</summary>
    public required ushort Device { get; init; }

    /// <summary>Class, subclass and programming interface, 8 bits each.</summary>
    public required uint ClassCode { get; init; }

    /// <summary>The driver that has it; null where none has.</summary>
    public string? Driver { get; init; }

    /// <summary>The only driver that may take it; null where any may.</summary>
    public string? DriverOverride { get; init; }

    /// <summary>The IOMMU group; null where no IOMMU is in its way.</summary>
    public int? Group { get; init; }

    /// <summary>Of which it is a virtual function; null where it is none.</summary>
    public PciAddress? PhysicalFunction { get; init; }

    /// <summary>By which means the host can reset it alone, its first choice first; empty where it can't.</summary>
    public IReadOnlyList<string> ResetMethods { get; init; } = [];

    /// <summary>The name of its character device under <c>/dev/vfio/devices</c>; null where it has none.</summary>
    public string? VfioName { get; init; }

    /// <summary>Whether a driver has it that gives it to guests: <c>vfio-pci</c>, or one made for the device after its example.</summary>
    public bool IsForGuests => VfioName is not null || Driver?.Contains("vfio", StringComparison.Ordinal) == true;

    /// <summary>For people: <c>"0000:02:00.0 (1b36:0010, driver nvme)"</c>.</summary>
    public override string ToString() => $"{Address} ({Vendor:x4}:{Device:x4}, {(Driver is null ? "no driver" : $"driver {Driver}")})";
}
