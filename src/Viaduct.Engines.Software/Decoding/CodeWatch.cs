using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>
/// Knows of which pages the processors of a machine hold decoded code, and keeps it true: before a page's code is kept,
/// every other processor has given its write tags of it up; whoever stores to it after looks here, and processors that
/// hold the page drop it at their next block border.
/// </summary>
internal sealed unsafe class CodeWatch : IPageWriteObserver, IDisposable
{
    private readonly Lock _gate = new();
    private CodeMail[] _mails = [];
    private WatchTable[] _tables = [];
    private long _requests;

    /// <summary>The number of the last request for write tags; to be read before mail is.</summary>
    internal long Requests => Volatile.Read(ref _requests);

    /// <summary>A processor joins, before any runs.</summary>
    internal void Join(CodeMail mail)
    {
        mail.Number = _mails.Length;
        _mails = [.. _mails, mail];
    }

    /// <summary>A processor begins to hold code of a page. It gives its own write tags up itself.</summary>
    internal WatchedPage* Hold(HostMemory memory, ulong page, CodeMail holder)
    {
        lock (_gate)
        {
            WatchedPage* watched = TableOf(memory).Pages + page;
            if (watched->Holders == 0)
            {
                watched->Granules = 0;
                Volatile.Write(ref memory.WatchedPages[page], 1);
                Interlocked.MemoryBarrier();
                watched->Request = RequestTags((nuint)memory.Pointer + (nuint)(page * HostMemory.PageSize), holder);
            }

            watched->Holders |= 1UL << holder.Number;
            return watched;
        }
    }

    /// <summary>A processor holds no code of a page any more.</summary>
    internal void Release(HostMemory memory, ulong page, CodeMail holder)
    {
        lock (_gate)
        {
            WatchedPage* watched = TableOf(memory).Pages + page;
            watched->Holders &= ~(1UL << holder.Number);
            if (watched->Holders == 0)
            {
                memory.WatchedPages[page] = 0;
            }
        }
    }

    /// <summary>Whether every other processor has given its write tags of a page up, so that code of it may be kept.</summary>
    internal bool IsSettled(WatchedPage* page, CodeMail holder)
    {
        foreach (CodeMail mail in _mails)
        {
            if (mail != holder && !mail.HasHeeded(page->Request))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Bytes of a watched page were stored to. Processors that hold it are told where the bytes were decoded.</summary>
    /// <returns>Whether the storing processor is one of them; it drops the page itself.</returns>
    internal bool OnStore(HostMemory memory, ulong page, int offset, int size, CodeMail by)
    {
        // Whoever decodes sets a granule before it reads the bytes again: it has read these or is seen here.
        Interlocked.MemoryBarrier();
        int first = offset / 64;
        ulong granules = (2UL << ((offset + size - 1) / 64)) - (1UL << first);
        foreach (WatchTable table in Volatile.Read(ref _tables))
        {
            if (table.Memory == memory)
            {
                return (Volatile.Read(ref table.Pages[page].Granules) & granules) != 0 && Drop(table, page, by);
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void OnPageWritten(HostMemory memory, ulong page)
    {
        foreach (WatchTable table in Volatile.Read(ref _tables))
        {
            if (table.Memory == memory)
            {
                _ = Drop(table, page, by: null);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (WatchTable table in _tables)
        {
            table.Dispose();
        }
    }

    // Holders let go here, so that each is told once.
    private bool Drop(WatchTable table, ulong page, CodeMail? by)
    {
        WatchedPage* watched = table.Pages + page;
        nuint host = (nuint)table.Memory.Pointer + (nuint)(page * HostMemory.PageSize);
        ulong holders;
        lock (_gate)
        {
            holders = watched->Holders;
            foreach (CodeMail mail in _mails)
            {
                if (mail != by && (holders & (1UL << mail.Number)) != 0)
                {
                    mail.Change(host);
                }
            }

            watched->Holders = 0;
            watched->Granules = 0;
            table.Memory.WatchedPages[page] = 0;
        }

        foreach (CodeMail mail in _mails)
        {
            if (mail != by && (holders & (1UL << mail.Number)) != 0)
            {
                mail.Announce();
            }
        }

        return by is not null && (holders & (1UL << by.Number)) != 0;
    }

    private long RequestTags(nuint host, CodeMail holder)
    {
        if (_mails.Length == 1)
        {
            return 0;
        }

        foreach (CodeMail mail in _mails)
        {
            if (mail != holder)
            {
                mail.Protect(host);
            }
        }

        // Who reads the number before its mail has read the mail that belongs to it.
        long number = Interlocked.Increment(ref _requests);
        foreach (CodeMail mail in _mails)
        {
            if (mail != holder)
            {
                mail.Announce();
            }
        }

        return number;
    }

    private WatchTable TableOf(HostMemory memory)
    {
        foreach (WatchTable table in _tables)
        {
            if (table.Memory == memory)
            {
                return table;
            }
        }

        WatchTable made = new(memory);
        Volatile.Write(ref _tables, [.. _tables, made]);
        memory.Observe(this);
        return made;
    }
}
