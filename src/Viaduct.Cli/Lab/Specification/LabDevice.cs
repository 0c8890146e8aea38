namespace Viaduct.Cli.Lab.Specification;

/// <summary>An NVMe controller that a process of its own serves over vfio-user.</summary>
internal sealed record LabDevice
{
    /// <summary>The most virtual functions.</summary>
    internal const int MaxVirtualFunctions = 127;

    /// <summary>Its name, unique in the lab.</summary>
    internal required string Name { get; init; }

    /// <summary>Its disks: a namespace each.</summary>
    internal required IReadOnlyList<LabDisk> Disks { get; init; }

    /// <summary>Virtual functions that it is shared by; 0 where it is assigned whole.</summary>
    internal int VirtualFunctions { get; init; }

    /// <summary>How fast its functions may be, where that is limited.</summary>
    internal IReadOnlyList<LabLimit> Limits { get; init; } = [];
}
