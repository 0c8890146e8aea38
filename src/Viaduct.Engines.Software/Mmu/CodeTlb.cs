using System.Numerics;
using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// Where a processor's code is, a table for each privilege: the decoded page of each linear page, and beside it for
/// translated code where jumps of late have led.
/// </summary>
internal sealed unsafe class CodeTlb
{
    // In a table of jumps: the entry that address zero looks at, which must not match it, has an address that isn't canonical.
    private const ulong NoAddress = 1UL << 63;

    private readonly CpuState* _state;
    private readonly CodeCache _code;
    private readonly Part _supervisor;
    private readonly Part _user;
    private int _forgotten;

    internal CodeTlb(CpuState* state, CodeCache code)
    {
        _state = state;
        _code = code;
        _supervisor = new Part(state, TlbEntry.Supervisor);
        _user = new Part(state, TlbEntry.User);
    }

    /// <summary>Drops everything.</summary>
    internal void FlushAll()
    {
        _supervisor.Flush();
        _user.Flush();
    }

    /// <summary>Drops all but global translations.</summary>
    internal void FlushLocal()
    {
        if (_supervisor.IsLocal)
        {
            _supervisor.Flush();
        }

        _user.Flush();
    }

    /// <summary>Drops what user code was fetched by.</summary>
    internal void FlushUser() => _user.Flush();

    /// <summary>Drops the translations of the page that holds an address.</summary>
    internal void FlushPage(ulong linear)
    {
        _supervisor.FlushPage(linear & Guest.PageMask);
        _user.FlushPage(linear & Guest.PageMask);
    }

    /// <summary>Keeps a translation for fetches of the present mode.</summary>
    internal void Remember(ulong linear, CodePage* page, bool global)
    {
        if (_forgotten != _code.Forgotten)
        {
            // Code of the page was dropped when it was looked up, and jumps may lead to it.
            _forgotten = _code.Forgotten;
            _supervisor.ForgetJumps();
            _user.ForgetJumps();
        }

        Part part = _state->AccessMode == TlbEntry.User ? _user : _supervisor;
        CodeTlbEntry* entry = part.Note(linear, global);
        entry->Tag = (linear & Guest.PageMask) | _state->FetchMode;
        entry->Page = page;
        entry->TranslatedTag = (linear & Guest.PageMask) ^ (page->Bitness == 64 ? 0 : TlbEntry.NoMatch);
        entry->Translated = _code.TranslatedFor(page, _state->AccessMode);
    }

    /// <summary>One privilege's.</summary>
    private sealed class Part
    {
        private readonly CodeTlbEntry* _entries;
        private readonly JumpEntry* _jumps;

        // Which entries have been filled since all were dropped: pages of others have no jumps here.
        private readonly ulong[] _used = new ulong[CodeTlbEntry.Count / 64];

        internal Part(CpuState* state, ulong accessMode)
        {
            _entries = StateBlock.CodeTlb(state, accessMode);
            _jumps = StateBlock.Jumps(state, accessMode);
            Array.Fill(_used, ulong.MaxValue);
            Flush();
        }

        /// <summary>Whether a change of CR3 drops any of it.</summary>
        internal bool IsLocal { get; private set; }

        internal CodeTlbEntry* Note(ulong linear, bool global)
        {
            int index = IndexOf(linear);
            _used[index / 64] |= 1UL << (index % 64);
            IsLocal |= !global;
            return _entries + index;
        }

        internal void Flush()
        {
            bool any = false;
            for (int word = 0; word < _used.Length; word++)
            {
                any |= _used[word] != 0;
                for (ulong left = _used[word]; left != 0; left &= left - 1)
                {
                    Drop((word * 64) + BitOperations.TrailingZeroCount(left));
                }

                _used[word] = 0;
            }

            if (any)
            {
                ForgetJumps();
            }

            IsLocal = false;
        }

        internal void FlushPage(ulong page)
        {
            int index = IndexOf(page);
            if ((_used[index / 64] & (1UL << (index % 64))) == 0)
            {
                return;
            }

            if ((_entries[index].Tag & Guest.PageMask) == page)
            {
                Drop(index);
            }

            // An entry that another page has taken since may have left jumps to this one.
            ForgetJumps();
        }

        internal void ForgetJumps()
        {
            NativeMemory.Clear(_jumps, (nuint)(JumpEntry.Count * sizeof(JumpEntry)));
            _jumps[0].Linear = NoAddress;
        }

        private static int IndexOf(ulong linear) => (int)((linear >> 12) & (CodeTlbEntry.Count - 1));

        private void Drop(int index)
        {
            _entries[index].Tag = 0;
            _entries[index].TranslatedTag = ((ulong)index << 12) ^ TlbEntry.NoMatch;
        }
    }
}
