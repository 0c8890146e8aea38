using Viaduct.Emulated.Nvme.Data;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// Where the reads in flight put their bytes, by slot: who keeps code of these places has to hear once they are
/// written, and before the command completes. Arrays are kept, so that nothing is allocated once they have grown. Worker
/// only.
/// </summary>
internal sealed class ReadTargets(TransferMap map)
{
    private readonly (ulong Start, ulong Length)[]?[] _runs = new (ulong Start, ulong Length)[]?[NvmeLimits.Commands];
    private readonly int[] _counts = new int[NvmeLimits.Commands];

    /// <summary>Remembers what was mapped last as a command's.</summary>
    internal void Keep(int index)
    {
        ReadOnlySpan<(ulong Start, ulong Length)> runs = map.Runs;
        (ulong Start, ulong Length)[]? kept = _runs[index];
        if (kept is null || kept.Length < runs.Length)
        {
            const int Usual = 32;
            _runs[index] = kept = new (ulong Start, ulong Length)[Math.Max(Usual, runs.Length)];
        }

        runs.CopyTo(kept);
        _counts[index] = runs.Length;
    }

    /// <summary>The disk is done with a command's segments.</summary>
    internal void NoteWritten(int index)
    {
        map.NoteWritten(_runs[index].AsSpan(0, _counts[index]));
        _counts[index] = 0;
    }
}
