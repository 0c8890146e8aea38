using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// A processor's translations for data, a table for each privilege. Entries in use are listed, global ones apart, so that
/// a change of CR3 costs by what was used and leaves global pages alone (Intel SDM vol. 3A 4.10.4.1).
/// </summary>
internal sealed unsafe class DataTlb
{
    private const int Entries = 2 * TlbEntry.Count;
    private static readonly (ulong First, ulong Last) _nothing = (ulong.MaxValue, 0);

    // The two tables lie one after the other.
    private readonly TlbEntry* _first;
    private readonly ushort[] _local = new ushort[Entries];
    private readonly ushort[] _global = new ushort[Entries];
    private int _localCount;

    // Users' pages that supervisor code may access while AC is set (SMAP).
    private readonly int[] _lent = new int[32];
    private int _lentCount;
    private int _globalCount;

    // Lower and upper half of the address space: the hull of all large pages in the TLB, since INVLPG drops a large
    // page whole and the TLB holds it in pieces.
    private (ulong First, ulong Last) _largeLow = _nothing;
    private (ulong First, ulong Last) _largeHigh = _nothing;
    private bool _isLowGlobal;

    internal DataTlb(CpuState* state)
    {
        _first = StateBlock.Tlb(state, TlbEntry.Supervisor);
        for (int i = 0; i < Entries; i++)
        {
            Drop(i);
        }
    }

    /// <summary>Drops every translation.</summary>
    internal void FlushAll()
    {
        FlushLocal();
        for (int i = 0; i < _globalCount; i++)
        {
            Drop(_global[i]);
            _first[_global[i]].Lists &= ~TlbEntry.GlobalList;
        }

        _globalCount = 0;
        _largeLow = _largeHigh = _nothing;
        _isLowGlobal = false;
    }

    /// <summary>Drops all but global translations.</summary>
    internal void FlushLocal()
    {
        for (int i = 0; i < _localCount; i++)
        {
            Drop(_local[i]);
            _first[_local[i]].Lists &= ~TlbEntry.LocalList;
        }

        _localCount = 0;
        if (!_isLowGlobal)
        {
            _largeLow = _nothing;
        }
    }

    /// <summary>Whether there may be any that <see cref="TakeBack"/> would drop.</summary>
    internal bool HasLent => _lentCount != 0;

    /// <summary>Drops translations of users' pages for supervisor code that AC had to allow (SMAP).</summary>
    internal void TakeBack()
    {
        for (int i = 0; i < _lentCount; i++)
        {
            // Whatever is there by now: matching nothing is always right.
            Drop(_lent[i]);
        }

        _lentCount = 0;
    }

    /// <summary>Drops the translations of the page that holds an address. False where it may be a large one: then everything is to be dropped.</summary>
    internal bool TryFlushPage(ulong linear)
    {
        (ulong first, ulong last) = (long)linear < 0 ? _largeHigh : _largeLow;
        if (linear >= first && linear <= last)
        {
            return false;
        }

        FlushPage(_first, linear & Guest.PageMask);
        FlushPage(_first + TlbEntry.Count, linear & Guest.PageMask);
        return true;
    }

    /// <summary>Makes stores to a page of the host's memory miss.</summary>
    internal void Protect(byte* host)
    {
        Protect(_local.AsSpan(0, _localCount), host);
        Protect(_global.AsSpan(0, _globalCount), host);
    }

    /// <summary>Notes a large page that addresses are translated by.</summary>
    internal void RememberLarge(ulong linear, in WalkResult walk)
    {
        ref (ulong First, ulong Last) hull = ref (long)linear < 0 ? ref _largeHigh : ref _largeLow;
        ulong first = linear & ~(walk.PageSize - 1);
        hull = (Math.Min(hull.First, first), Math.Max(hull.Last, first + (walk.PageSize - 1)));
        _isLowGlobal |= walk.Global && (long)linear >= 0;
    }

    /// <summary>Keeps a translation.</summary>
    /// <param name="linear">The address.</param>
    /// <param name="user">The privilege.</param>
    /// <param name="walk">What the page walk found.</param>
    /// <param name="host">The page in the host's memory.</param>
    /// <param name="writable">Whether writes need no check.</param>
    internal void Remember(ulong linear, bool user, in WalkResult walk, byte* host, bool writable)
    {
        int index = (int)((linear >> 12) & (TlbEntry.Count - 1)) + (user ? TlbEntry.Count : 0);
        TlbEntry* entry = _first + index;
        ulong tag = linear & Guest.PageMask;
        entry->ReadTag = tag;
        entry->WriteTag = writable ? tag : tag ^ TlbEntry.NoMatch;
        entry->Host = host;
        if (walk.IsLent)
        {
            Lend(index);
        }

        bool global = walk.Global;
        ulong list = global ? TlbEntry.GlobalList : TlbEntry.LocalList;
        if ((entry->Lists & list) == 0)
        {
            // Once in both lists it may be dropped too often, which costs a walk.
            entry->Lists |= list;
            _ = global ? _global[_globalCount++] = (ushort)index : _local[_localCount++] = (ushort)index;
        }
    }

    private void Lend(int index)
    {
        if (_lentCount == _lent.Length)
        {
            TlbEntry kept = _first[index];
            TakeBack();
            _first[index].ReadTag = kept.ReadTag;
            _first[index].WriteTag = kept.WriteTag;
            _first[index].Host = kept.Host;
        }

        _lent[_lentCount++] = index;
    }

    private void Protect(ReadOnlySpan<ushort> list, byte* host)
    {
        foreach (ushort index in list)
        {
            if (_first[index].Host == host)
            {
                _first[index].WriteTag = _first[index].ReadTag ^ TlbEntry.NoMatch;
            }
        }
    }

    private void Drop(int index)
    {
        TlbEntry* entry = _first + index;
        entry->ReadTag = entry->WriteTag = ((ulong)(index & (TlbEntry.Count - 1)) << 12) ^ TlbEntry.NoMatch;
        entry->Host = null;
    }

    private static void FlushPage(TlbEntry* table, ulong page)
    {
        TlbEntry* entry = table + ((page >> 12) & (TlbEntry.Count - 1));
        if (entry->ReadTag == page)
        {
            entry->ReadTag = page ^ TlbEntry.NoMatch;
            entry->WriteTag = page ^ TlbEntry.NoMatch;
            entry->Host = null;
        }
    }
}
