namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>The host's side of a queue pair.</summary>
internal sealed class HostRing
{
    public required int Id { get; init; }

    public required ulong Submission { get; init; }

    public required ulong Completion { get; init; }

    public required int Entries { get; init; }

    public required int CompletionEntries { get; init; }

    public int Tail { get; set; }

    public int Head { get; set; }

    public bool Phase { get; set; } = true;
}
