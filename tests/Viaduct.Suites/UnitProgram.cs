namespace Viaduct.Suites;

/// <summary>One program of kvm-unit-tests and how it is run.</summary>
/// <param name="Name">Its name in the suite's own list (x86/unittests.cfg).</param>
/// <param name="File">The program in the folder x86.</param>
/// <param name="Arguments">What it is given.</param>
/// <param name="Cpus">Processors.</param>
/// <param name="Checks">Checks that must have passed, at least.</param>
internal sealed record UnitProgram(string Name, string File, string Arguments = "", int Cpus = 1, int Checks = 0)
{
    /// <summary>Bytes of memory that each is given.</summary>
    internal const ulong Memory = 128UL << 20;

    /// <summary>Where a program can't go on: what it says there. Null for one that comes to its own end.</summary>
    public string? StopsAt { get; init; }
}
