using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Engines.Software.State;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>
/// A processor's decoded code, by physical page and code size. Ops lie in one arena that only grows; when it is full,
/// everything is dropped at once, which a guest doesn't notice but for the time of decoding again. Used by its
/// processor's thread alone; others have their say through its <see cref="CodeMail"/>.
/// </summary>
internal sealed unsafe class CodeCache : IDisposable
{
    /// <summary>Ops that one decode may need at most.</summary>
    internal const int Reserve = 256;

    // Of all processors together, and of one.
    private const int AllOps = 12 << 20;
    private const int AllPages = 32768;
    private const int MostOps = 3 << 20;
    private const int MostPages = 8192;
    private const int Granule = 64;
    private const int EntriesBytes = CodePage.Size * sizeof(uint);

    private readonly Dictionary<nuint, nint> _pages = [];
    private readonly Dictionary<nuint, CrossPageOp> _crossing = [];
    private readonly CodeWatch _watch;
    private readonly CodeMail _mail;
    private readonly int _maxOps;
    private readonly int _maxPages;
    private readonly HostMemory _arenaMemory;
    private readonly HostMemory _entriesMemory;
    private readonly CodePage* _pageArray;
    private readonly List<HostMemory> _memories = [];
    private readonly HostMemory? _translatedMemory;
    private HostMemory? _copies;
    private readonly uint* _noneTranslated = (uint*)NativeMemory.AllocZeroed(EntriesBytes);
    private int _pageCount;

    // Entries of pages from here on were never used. Those before are cleared when they are used again, not when all is
    // dropped: a guest would notice how long that takes.
    private int _freshPages;

    /// <param name="watch">Who hears of writes to pages of code.</param>
    /// <param name="mail">What the watch tells the processor.</param>
    /// <param name="processors">How many share the room for code.</param>
    /// <param name="translates">Whether blocks are translated.</param>
    internal CodeCache(CodeWatch watch, CodeMail mail, int processors, bool translates)
    {
        _watch = watch;
        _mail = mail;
        _maxOps = Math.Min(MostOps, AllOps / processors);
        _maxPages = Math.Min(MostPages, AllPages / processors);
        _arenaMemory = new HostMemory("viaduct-decoded-code", (ulong)_maxOps * (ulong)sizeof(Op) / 4096 * 4096);
        _entriesMemory = new HostMemory("viaduct-code-entries", (ulong)_maxPages * EntriesBytes);
        _pageArray = (CodePage*)NativeMemory.AllocZeroed((nuint)_maxPages, (nuint)sizeof(CodePage));
        _translatedMemory = translates ? new HostMemory("viaduct-translated-entries", (ulong)_maxPages * EntriesBytes) : null;
    }

    /// <summary>How often code of a page was dropped. Who keeps ways to code by other means than the page looks here.</summary>
    internal int Forgotten { get; private set; }

    /// <summary>The first op; index 0 is never used.</summary>
    internal Op* Arena => (Op*)_arenaMemory.Pointer;

    /// <summary>The index of the next free op.</summary>
    internal int Next { get; set; } = 1;

    /// <summary>Whether there may be no room for another page or block.</summary>
    internal bool IsFull => Next > _maxOps - (2 * Reserve) || _pageCount == _maxPages;

    /// <summary>What is known of a page, made empty where it is new.</summary>
    internal CodePage* GetPage(HostMemory memory, ulong page, int bitness)
    {
        byte* host = memory.Pointer + (page * HostMemory.PageSize);
        nuint key = Key(host, bitness);
        if (_pages.TryGetValue(key, out nint known))
        {
            Verify(memory, (CodePage*)known);
            return (CodePage*)known;
        }

        int block = _memories.IndexOf(memory);
        if (block < 0)
        {
            block = _memories.Count;
            _memories.Add(memory);
        }

        CodePage* made = _pageArray + _pageCount;
        made->Host = made->Bytes = host;
        made->Bitness = bitness;
        made->Copied = 0;
        made->Block = block;
        made->Page = page;
        made->Watched = null;
        made->IsSettled = false;
        made->AccessMode = 0;
        made->Translated = _translatedMemory is { } translated ? (uint*)(translated.Pointer + ((long)_pageCount * EntriesBytes)) : null;
        made->Entries = (uint*)(_entriesMemory.Pointer + ((long)_pageCount * EntriesBytes));
        if (_pageCount < _freshPages)
        {
            ClearEntries(made);
        }

        _pageCount++;
        _pages.Add(key, (nint)made);
        Verify(memory, made);
        return made;
    }

    /// <summary>Whether somebody may write code unseen, so that pages have to be looked up, and with that verified, wherever a guest may rely on what was written.</summary>
    internal bool HasUnseenWriters()
    {
        foreach (HostMemory memory in _memories)
        {
            if (memory.HasUnseenWriters)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a copy of what is about to be decoded, where pages have one. What is decoded already stays as it was then.</summary>
    internal static void Copy(CodePage* page, int offset, int length)
    {
        if (page->Bytes == page->Host)
        {
            return;
        }

        int last = Math.Min(offset + length, CodePage.Size) - 1;
        for (int granule = offset / Granule; granule <= last / Granule; granule++)
        {
            if ((page->Copied & (1UL << granule)) == 0)
            {
                Unsafe.CopyBlockUnaligned(page->Bytes + (granule * Granule), page->Host + (granule * Granule), Granule);
            }
        }
    }

    /// <summary>
    /// Makes sure that stores to a page are heard of, before it is decoded. The processor's own write tags of it must go
    /// where this says so.
    /// </summary>
    /// <returns>Whether the page is new to this processor.</returns>
    internal bool Hold(CodePage* page)
    {
        if (page->Watched != null)
        {
            return false;
        }

        page->Watched = _watch.Hold(_memories[page->Block], page->Page, _mail);
        return true;
    }

    /// <summary>Whether what is decoded of a page may be kept: other processors can't store to it unnoticed.</summary>
    internal bool MayKeep(CodePage* page) => page->IsSettled || (page->IsSettled = _watch.IsSettled(page->Watched, _mail));

    /// <summary>Hears of a store to a watched page. True when it changed code that this processor holds, which is then dropped.</summary>
    internal bool OnStore(HostMemory memory, ulong page, int offset, int size) =>
        _watch.OnStore(memory, page, offset, size, _mail) && Forget(memory.Pointer + (page * HostMemory.PageSize));

    /// <summary>Drops a page of host memory that another processor or a device changed. True when there was code.</summary>
    internal bool OnChanged(byte* host)
    {
        Release(host);
        return Forget(host);
    }

    /// <summary>Drops everything.</summary>
    internal void Reset()
    {
        for (int i = 0; i < _pageCount; i++)
        {
            if (_pageArray[i].Watched != null)
            {
                _watch.Release(_memories[_pageArray[i].Block], _pageArray[i].Page, _mail);
            }
        }

        Forgotten++;
        _freshPages = Math.Max(_freshPages, _pageCount);
        _pages.Clear();
        _crossing.Clear();
        _pageCount = 0;
        Next = 1;
    }

    /// <summary>Where a page's translated blocks begin, for code of a privilege. A page's blocks are for the privilege that fetches it first.</summary>
    internal uint* TranslatedFor(CodePage* page, ulong accessMode)
    {
        if (page->AccessMode == 0)
        {
            page->AccessMode = accessMode;
        }

        return page->AccessMode == accessMode && page->Translated != null ? page->Translated : _noneTranslated;
    }

    /// <summary>The op of an instruction that begins at an address and ends on the next page, if these are still its bytes.</summary>
    internal bool TryGetCrossing(byte* host, int bitness, ReadOnlySpan<byte> bytes, out Op* op)
    {
        if (_crossing.TryGetValue(Key(host, bitness), out CrossPageOp known) && known.Matches(bytes))
        {
            op = Arena + known.Index;
            return true;
        }

        op = null;
        return false;
    }

    /// <summary>Remembers the op of an instruction that crosses pages.</summary>
    internal void SetCrossing(byte* host, int bitness, ReadOnlySpan<byte> bytes, int index) =>
        _crossing[Key(host, bitness)] = new CrossPageOp(bytes, index);

    /// <inheritdoc/>
    public void Dispose()
    {
        _arenaMemory.Dispose();
        _entriesMemory.Dispose();
        _translatedMemory?.Dispose();
        _copies?.Dispose();
        NativeMemory.Free(_noneTranslated);
        NativeMemory.Free(_pageArray);
    }

    // Host addresses of code are below 2^57, so the code size fits in the upper bits.
    private static nuint Key(byte* host, int bitness) => (nuint)host | ((nuint)bitness << 57);

    private void Forget(CodePage* page)
    {
        Forgotten++;
        ClearEntries(page);
        page->Copied = 0;
        page->Watched = null;
        page->IsSettled = false;
    }

    private static void ClearEntries(CodePage* page)
    {
        NativeMemory.Clear(page->Entries, EntriesBytes);
        if (page->Translated != null)
        {
            NativeMemory.Clear(page->Translated, EntriesBytes);
        }
    }

    // Forgets what was decoded of a page that others write unseen, if it isn't what is there now.
    private void Verify(HostMemory memory, CodePage* page)
    {
        if (page->Bytes != page->Host)
        {
            for (ulong left = page->Copied; left != 0; left &= left - 1)
            {
                int at = BitOperations.TrailingZeroCount(left) * Granule;
                if (!new ReadOnlySpan<byte>(page->Host + at, Granule).SequenceEqual(new ReadOnlySpan<byte>(page->Bytes + at, Granule)))
                {
                    Forget(page);
                    return;
                }
            }
        }
        else if (memory.HasUnseenWriters)
        {
            _copies ??= new HostMemory("viaduct-code-copies", (ulong)_maxPages * CodePage.Size);
            Forget(page);
            page->Bytes = _copies.Pointer + ((page - _pageArray) * CodePage.Size);
        }
    }

    private bool Forget(byte* host)
    {
        bool forgotten = false;
        for (int bitness = 16; bitness <= 64; bitness *= 2)
        {
            if (_pages.TryGetValue(Key(host, bitness), out nint known) && ((CodePage*)known)->Watched != null)
            {
                Forget((CodePage*)known);
                forgotten = true;
            }
        }

        return forgotten;
    }

    private void Release(byte* host)
    {
        for (int bitness = 16; bitness <= 64; bitness *= 2)
        {
            if (_pages.TryGetValue(Key(host, bitness), out nint known) && ((CodePage*)known)->Watched != null)
            {
                CodePage* page = (CodePage*)known;
                _watch.Release(_memories[page->Block], page->Page, _mail);
            }
        }
    }
}
