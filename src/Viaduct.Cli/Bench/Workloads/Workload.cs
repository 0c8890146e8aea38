namespace Viaduct.Cli.Bench.Workloads;

/// <summary>Something that a guest does while it is timed, by busybox's shell or a tiny program of the bench.</summary>
/// <param name="Name">What the script and the command line call it.</param>
/// <param name="Title">For people.</param>
/// <param name="Prepare">Shell commands that come first, untimed; nothing for none.</param>
/// <param name="Command">Shell commands that are timed.</param>
internal sealed record Workload(string Name, string Title, string Prepare, string Command)
{
    private const string MakeText = "[ -f text ] || seq 1 9000000 | head -c 67108864 > text";

    /// <summary>All, in the order in which they are measured.</summary>
    internal static readonly IReadOnlyList<Workload> All =
    [
        new("sha256", "sha256sum of 256 MiB", "[ -f zeros ] || head -c 268435456 /dev/zero > zeros", "sha256sum zeros > sum"),
        new("gzip", "gzip of 64 MiB", MakeText, "gzip -c text > text.gz"),
        new("gunzip", "gunzip of 64 MiB", MakeText + "; [ -f text.gz ] || gzip -c text > text.gz", "gunzip -c text.gz > /dev/null"),
        new("sort", "sort of a million lines", "[ -f lines ] || seq 1 1000000 | rev > lines", "sort lines > /dev/null"),
        new("exec", "1,000 fork+exec", "", "i=0; while [ $i -lt 1000 ]; do $bin/true; i=$((i + 1)); done"),
        new("shell", "300,000 turns of a shell loop", "", "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done"),
        new("syscalls", "1,000,000 system calls", "", "$bin/" + TinyProgram.SystemCalls),
        new("faults", "204,800 page faults", "", "$bin/" + TinyProgram.PageFaults),
        new("switches", "200,000 context switches", "", "$bin/" + TinyProgram.ContextSwitches),
    ];

    /// <summary>Applets of busybox that they use.</summary>
    internal static readonly string[] Applets = ["sh", "true", "head", "seq", "rev", "sha256sum", "gzip", "gunzip", "sort"];
}
