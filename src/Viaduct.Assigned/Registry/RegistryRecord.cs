namespace Viaduct.Assigned.Registry;

/// <summary>What the registry's file of a device holds, as JSON.</summary>
internal sealed record RegistryRecord
{
    /// <summary>The device, as it was claimed by.</summary>
    public required string Device { get; init; }

    /// <summary>The process that has or had it.</summary>
    public required int Process { get; init; }

    /// <summary>What that process calls itself.</summary>
    public required string Name { get; init; }

    /// <summary>When it got the device.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>What is to be put right should the process end without doing so.</summary>
    public IReadOnlyDictionary<string, string> Note { get; init; } = new Dictionary<string, string>();
}
