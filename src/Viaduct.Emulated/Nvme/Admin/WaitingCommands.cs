using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Commands that end once other controllers have followed them. Worker only.</summary>
internal sealed class WaitingCommands(CompletionPath completions, Action wake)
{
    private const int Gone = -1;

    private readonly List<Entry> _entries = [];

    /// <summary>A rendezvous for a command that goes on; to be given to <see cref="Wait"/>.</summary>
    internal Rendezvous NewRendezvous() => new(wake);

    /// <summary>Completes a command well when its rendezvous is passed.</summary>
    /// <param name="index">Its slot.</param>
    /// <param name="rendezvous">From <see cref="NewRendezvous"/>, all who matter asked.</param>
    /// <param name="always">What to do before, even if the command was forgotten in a reset.</param>
    /// <param name="ended">What to do before, unless it was.</param>
    internal CommandOutcome Wait(int index, Rendezvous rendezvous, Action? always = null, Action? ended = null)
    {
        _entries.Add(new Entry(index, rendezvous, always, ended));
        rendezvous.Arrive();
        return CommandOutcome.Pending;
    }

    /// <summary>Completes what can be. True when there was any.</summary>
    internal bool Advance()
    {
        bool worked = false;
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            Entry entry = _entries[i];
            if (!entry.Rendezvous.IsPassed)
            {
                continue;
            }

            _entries.RemoveAt(i);
            entry.Always?.Invoke();
            if (entry.Index != Gone)
            {
                entry.Ended?.Invoke();
                completions.Complete(entry.Index, NvmeStatus.Success);
            }

            worked = true;
        }

        return worked;
    }

    /// <summary>Forgets the commands, at a reset; what they began goes on to its end.</summary>
    internal void Clear()
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            _entries[i] = _entries[i] with { Index = Gone };
        }
    }

    private readonly record struct Entry(int Index, Rendezvous Rendezvous, Action? Always, Action? Ended);
}
