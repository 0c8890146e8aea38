namespace Viaduct.Assigned;

/// <summary>A region of an assigned device: what lies behind a BAR, its ROM, its configuration space.</summary>
public sealed record AssignedRegion
{
    /// <summary>The expansion ROM's index; BARs are 0 to 5.</summary>
    public const int Rom = 6;

    /// <summary>The configuration space's index.</summary>
    public const int Config = 7;

    /// <summary>What isn't there.</summary>
    public static AssignedRegion None { get; } = new();

    /// <summary>Bytes; zero where there is none.</summary>
    public ulong Size { get; init; }

    /// <summary>Whether it can be read.</summary>
    public bool Readable { get; init; }

    /// <summary>Whether it can be written.</summary>
    public bool Writable { get; init; }

    /// <summary>What of it is memory that a guest may reach by itself; apart from each other, in whole pages, inside the region.</summary>
    public IReadOnlyList<AssignedArea> Areas { get; init; } = [];

    /// <summary>Writes that reach the device as signals; apart from each other, inside the region.</summary>
    public IReadOnlyList<AssignedDoorbell> Doorbells { get; init; } = [];
}
