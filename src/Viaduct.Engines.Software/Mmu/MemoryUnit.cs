using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interop;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>
/// Everything about a guest access that the inline look-up can't answer: page walks, faults, registers of devices,
/// accesses across pages, stores to decoded code. It owns the processor's TLBs.
/// </summary>
internal sealed unsafe class MemoryUnit : IDisposable
{
    private const ulong PageMask = Guest.PageMask;

    private readonly CpuState* _state;
    private readonly PhysicalMemory _physical;
    private readonly MapFollower _map;
    private readonly PageWalker _walker;
    private readonly CodeCache _code;
    private readonly CodeMail _mail;
    private readonly LockedPlace _locked;
    private readonly LocalApic _apic;
    private readonly DataTlb _tlb;
    private readonly CodeTlb _codeTlb;
    private readonly SystemRegisters.Breakpoints _breakpoints;
    private bool _verifiesCode;

    internal MemoryUnit(CpuState* state, PhysicalMemory physical, MapFollower map, CodeCache code, CodeMail mail, LocalApic apic, ProcessorGate gate, SystemRegisters.Breakpoints breakpoints)
    {
        _breakpoints = breakpoints;
        _state = state;
        _physical = physical;
        _map = map;
        _walker = new PageWalker(state, physical);
        _code = code;
        _mail = mail;
        _locked = new LockedPlace(map, gate);
        _apic = apic;
        _tlb = new DataTlb(state);
        _codeTlb = new CodeTlb(state, code);
        SetAccessMode(TlbEntry.Supervisor);
    }

    /// <summary>
    /// Whether somebody may write code without a word, so that it is verified wherever the processor may learn that it
    /// was written: pages are looked up anew, and with that compared, at interrupts, serializing instructions and the
    /// way to user code.
    /// </summary>
    internal bool VerifiesCode
    {
        get => _verifiesCode;
        set
        {
            if (value != _verifiesCode)
            {
                _verifiesCode = value;
                FlushCode();
            }
        }
    }

    /// <summary>Chooses the privilege that accesses have, and with it the table that holds their translations.</summary>
    internal void SetAccessMode(ulong mode)
    {
        _state->AccessMode = mode;
        _state->Tlb = StateBlock.Tlb(_state, mode);
        _state->CodeTlb = StateBlock.CodeTlb(_state, mode);
    }

    /// <summary>Drops every translation.</summary>
    internal void FlushAll()
    {
        _tlb.FlushAll();
        _codeTlb.FlushAll();
    }

    /// <summary>Drops the translations that a change of CR3 drops: all but global ones, where there are such.</summary>
    internal void FlushLocal()
    {
        _tlb.FlushLocal();
        _codeTlb.FlushLocal();
    }

    /// <summary>AC was cleared: supervisor code may not access users' pages any more (SMAP).</summary>
    internal void TakeBackPages() => _tlb.TakeBack();

    /// <summary>A device answers: until <see cref="EndDispatch"/> no memory is touched.</summary>
    internal void BeginDispatch() => _map.Leave();

    /// <summary>The device has answered. What the rest of the instruction touches is translated anew if the map changed.</summary>
    internal void EndDispatch()
    {
        _map.Return();
        if (_map.IsBehind)
        {
            _tlb.FlushAll();
        }

        if (!_mail.IsEmpty)
        {
            // What changed waits for the block's end; write tags don't.
            ProtectRequested();
            Volatile.Write(ref _state->Limit, 0);
        }
    }

    /// <summary>Gives up the write tags that other processors ask for.</summary>
    internal void ProtectRequested()
    {
        if (_mail.TryTakeAll())
        {
            _tlb.FlushAll();
        }

        while (_mail.TryTakeProtected(out nuint host))
        {
            ProtectPage((byte*)host);
        }
    }

    /// <summary>Drops what is known of where code is.</summary>
    internal void FlushCode() => _codeTlb.FlushAll();

    /// <summary>Has all code verified before it runs, where that is done at all.</summary>
    internal void SerializeCode()
    {
        if (_verifiesCode)
        {
            FlushCode();
        }
    }

    /// <summary>User code is about to run: has it verified, where that is done at all.</summary>
    internal void EnterUser()
    {
        if (_verifiesCode)
        {
            _codeTlb.FlushUser();
        }
    }

    /// <summary>Drops the translations of the page that holds an address (INVLPG).</summary>
    internal void FlushPage(ulong linear)
    {
        if (!_tlb.TryFlushPage(linear))
        {
            FlushAll();
            return;
        }

        _codeTlb.FlushPage(linear);
    }

    /// <summary>Makes stores to a page come here from now on: it holds decoded code.</summary>
    internal void ProtectPage(byte* host) => _tlb.Protect(host);

    /// <summary>Reads what the inline look-up missed.</summary>
    internal bool LoadSlow<T>(ulong address, out T value)
        where T : unmanaged
    {
        // Not every caller has looked.
        TlbEntry* entry = _state->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        ulong offset = address ^ entry->ReadTag;
        if (offset <= (ulong)(4096 - sizeof(T)))
        {
            value = Unsafe.ReadUnaligned<T>(entry->Host + offset);
            return true;
        }

        return LoadByWalk(address, out value);
    }

    /// <summary>Writes what the inline look-up missed. False, too, when it changed decoded code.</summary>
    internal bool StoreSlow<T>(ulong address, T value)
        where T : unmanaged
    {
        TlbEntry* entry = _state->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        ulong offset = address ^ entry->WriteTag;
        if (offset <= (ulong)(4096 - sizeof(T)))
        {
            Unsafe.WriteUnaligned(entry->Host + offset, value);
            return true;
        }

        return Transfer(address, (byte*)&value, sizeof(T), Access.Write);
    }

    /// <summary>Faults as a write would, without writing: for reads whose write must not fail after.</summary>
    internal bool ProbeWrite(ulong address, int size)
    {
        bool user = IsUser;
        return TryTranslate(address, Access.Write, user, out _)
            && (((address ^ (address + (uint)(size - 1))) & PageMask) == 0
                || TryTranslate((address + (uint)(size - 1)) & PageMask, Access.Write, user, out _));
    }

    /// <summary>
    /// Where a locked operation on memory is carried out in place, that the inline look-up has no answer to; it ends
    /// with <see cref="EndLocked"/>. Null, with nothing begun, on a fault, which is not recorded, and where devices answer.
    /// </summary>
    internal byte* BeginLocked(ulong address, int size)
    {
        while (true)
        {
            int first = (int)Math.Min((ulong)size, 4096 - (address & 0xFFF));
            if (FindWritable(address, out ulong physical) is not { } range)
            {
                return null;
            }

            if (first == size)
            {
                return _locked.Begin(range, physical, size);
            }

            if (FindWritable(address + (uint)first, out ulong physicalSecond) is not { } second)
            {
                return null;
            }

            byte* place = _locked.Begin(range, physical, first, second, physicalSecond, size - first);
            if (place != null)
            {
                return place;
            }

            FollowMap();
        }
    }

    /// <summary>Replaces 16 aligned bytes of host memory if they are as expected; gives what they were.</summary>
    internal UInt128 ExchangeWide(byte* place, UInt128 expected, UInt128 replacement) =>
        WideExchange.IsSupported ? WideExchange.CompareExchange(place, expected, replacement) : _locked.ExchangeAlone(place, expected, replacement);

    /// <summary>Ends a locked operation that was begun. False when it changed decoded code.</summary>
    internal bool EndLocked()
    {
        bool changed = _locked.End(_code);
        if (changed)
        {
            FlushCode();
            _state->Exit = ExitReason.CodeModified;
        }

        return !changed;
    }

    /// <summary>Drops translations of before the last change of the map.</summary>
    internal void FollowMap()
    {
        if (_map.IsBehind)
        {
            long announced = _map.Announced;
            FlushAll();
            _map.Follow(announced);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _locked.Dispose();

    /// <summary>Finds the decoded page that holds an address of code, filling the code TLB. Null on a fault.</summary>
    internal CodePage* Fetch(ulong linear)
    {
        if (!TryTranslate(linear, Access.Fetch, IsUser, out ulong physical, out bool global))
        {
            return null;
        }

        // Memory behind a BAR may go at any time, with a device that is pulled; code decoded from it would stay.
        FlatRange? range = _physical.Find(physical & PageMask);
        if (range is not { Memory: { } memory, IsBar: false })
        {
            RaiseGeneralProtection();
            return null;
        }

        ulong offset = range.MemoryOffset + ((physical & PageMask) - range.Start);
        int bitness = _state->Long64 ? 64 : (_state->FetchMode & FetchModes.Size16) != 0 ? 16 : 32;
        if (memory.HasUnseenWriters)
        {
            VerifiesCode = true;
        }

        CodePage* page = _code.GetPage(memory, offset / HostMemory.PageSize, bitness);
        _codeTlb.Remember(linear, page, global);
        return page;
    }

    /// <summary>Reads code bytes, as far as they can be read; for instructions that cross pages.</summary>
    /// <returns>False when the first byte that can't be read was needed; the fault is recorded.</returns>
    internal bool FetchBytes(ulong linear, byte* buffer, int count)
    {
        while (count > 0)
        {
            if (!TryTranslate(linear, Access.Fetch, IsUser, out ulong physical))
            {
                return false;
            }

            int part = (int)Math.Min((ulong)count, 4096 - (linear & 0xFFF));
            if (_physical.Find(physical) is not { Memory: not null, IsBar: false } range)
            {
                RaiseGeneralProtection();
                return false;
            }

            Unsafe.CopyBlockUnaligned(buffer, range.Host + (physical - range.Start), (uint)part);
            buffer += part;
            linear += (uint)part;
            count -= part;
        }

        return true;
    }

    /// <summary>Reads with supervisor rights whatever the privilege: descriptor tables, task state.</summary>
    internal bool LoadSystem<T>(ulong address, out T value)
        where T : unmanaged
    {
        ulong mode = _state->AccessMode;
        SetAccessMode(TlbEntry.Supervisor);
        _walker.IsImplicit = true;
        bool done = _tlb.HasLent ? LoadByWalk(address, out value) : LoadSlow(address, out value);
        _walker.IsImplicit = false;
        SetAccessMode(mode);
        return done;
    }

    /// <summary>Writes with supervisor rights whatever the privilege. A change of decoded code is no failure here.</summary>
    internal bool StoreSystem<T>(ulong address, T value)
        where T : unmanaged
    {
        ulong mode = _state->AccessMode;
        SetAccessMode(TlbEntry.Supervisor);
        _walker.IsImplicit = true;
        bool done = _tlb.HasLent ? Transfer(address, (byte*)&value, sizeof(T), Access.Write) : StoreSlow(address, value);
        _walker.IsImplicit = false;
        SetAccessMode(mode);
        return done || _state->Exit == ExitReason.CodeModified;
    }

    /// <summary>
    /// A host pointer to the bytes from an address to the end of its page at most, for string instructions.
    /// Null with no fault recorded (<paramref name="faulted"/> false) where they are registers or decoded code.
    /// </summary>
    internal byte* Run(ulong address, Access access, out bool faulted)
    {
        faulted = false;
        TlbEntry* entry = _state->Tlb + ((address >> 12) & (TlbEntry.Count - 1));
        ulong cached = address ^ (access == Access.Write ? entry->WriteTag : entry->ReadTag);
        if (cached < 4096)
        {
            return entry->Host + cached;
        }

        if (!TryTranslate(address, access, IsUser, out ulong physical))
        {
            faulted = true;
            return null;
        }

        if (IsApicPage(physical) || (_breakpoints.WatchesData && _breakpoints.Covers(address)))
        {
            return null;
        }

        if (_physical.Find(physical) is not { Memory: { } memory } range || (access == Access.Write && range.ReadOnly))
        {
            return null;
        }

        ulong offset = physical - range.Start;
        return access == Access.Write && memory.WatchedPages[(range.MemoryOffset + offset) / HostMemory.PageSize] != 0
            ? null
            : range.Host + offset;
    }

    private bool IsUser => _state->AccessMode == TlbEntry.User;

    private FlatRange? FindWritable(ulong address, out ulong physical)
    {
        if (!TryTranslate(address, Access.Write, IsUser, out physical))
        {
            _state->Exit = ExitReason.Lookup;
            return null;
        }

        return !IsApicPage(physical) && _physical.Find(physical) is { Memory: not null, ReadOnly: false } range ? range : null;
    }

    private bool LoadByWalk<T>(ulong address, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        fixed (T* bytes = &value)
        {
            return Transfer(address, (byte*)bytes, sizeof(T), Access.Read);
        }
    }

    private bool Transfer(ulong address, byte* bytes, int size, Access access)
    {
        if (_breakpoints.WatchesData && !_walker.IsImplicit)
        {
            _breakpoints.Note(address, size, access == Access.Write);
        }

        ulong last = address + (uint)(size - 1);
        if (((address ^ last) & PageMask) == 0)
        {
            return TransferInPage(address, bytes, size, access);
        }

        // Both pages must allow it before either is touched.
        bool user = IsUser;
        if (!TryTranslate(address, access, user, out _) || !TryTranslate(last & PageMask, access, user, out _))
        {
            return false;
        }

        int first = (int)(4096 - (address & 0xFFF));
        bool done = TransferInPage(address, bytes, first, access) | (_state->Exit == ExitReason.CodeModified && access == Access.Write);
        return TransferInPage(address + (uint)first, bytes + first, size - first, access) && done && _state->Exit != ExitReason.CodeModified;
    }

    private bool TransferInPage(ulong address, byte* bytes, int size, Access access)
    {
        if (!TryTranslate(address, access, IsUser, out ulong physical))
        {
            return false;
        }

        if (IsApicPage(physical))
        {
            return TransferApic(physical, bytes, size, access);
        }

        FlatRange? range = _physical.Find(physical);
        if (range?.Memory is not { } memory)
        {
            TransferRegisters(physical, bytes, size, access);
            return true;
        }

        ulong offset = physical - range.Start;
        if (access == Access.Read)
        {
            WholeAccess.Move(bytes, range.Host + offset, size);
            return true;
        }

        if (range.ReadOnly)
        {
            return true;
        }

        WholeAccess.Move(range.Host + offset, bytes, size);
        ulong page = (range.MemoryOffset + offset) / HostMemory.PageSize;
        if (Volatile.Read(ref memory.WatchedPages[page]) != 0 && _code.OnStore(memory, page, (int)(physical & 0xFFF), size))
        {
            FlushCode();
            _state->Exit = ExitReason.CodeModified;
            return false;
        }

        return true;
    }

    private void TransferRegisters(ulong physical, byte* bytes, int size, Access access)
    {
        // Devices answer 1, 2, 4 and 8 bytes; wider and odd accesses are made of those.
        BeginDispatch();
        while (size > 0)
        {
            int part = size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
            ulong value = 0;
            if (access == Access.Read)
            {
                _ = _physical.Space.Read(physical, part, out value);
                Unsafe.CopyBlockUnaligned(bytes, &value, (uint)part);
            }
            else
            {
                Unsafe.CopyBlockUnaligned(&value, bytes, (uint)part);
                _ = _physical.Space.Write(physical, part, value);
            }

            physical += (uint)part;
            bytes += part;
            size -= part;
        }

        EndDispatch();
    }

    // Each processor sees its own local APIC at the same address, so the address space can't hold it.
    private bool IsApicPage(ulong physical) => (physical & PageMask) == _apic.MmioBase && _apic.IsMmioVisible;

    private bool TransferApic(ulong physical, byte* bytes, int size, Access access)
    {
        ulong value = 0;
        int width = Math.Min(size, 8);
        if (access == Access.Read)
        {
            // Of a wider access only the first eight bytes are there.
            new Span<byte>(bytes, size).Clear();
            _ = _apic.Read(physical & 0xFFF, width, out value);
            Unsafe.CopyBlockUnaligned(bytes, &value, (uint)width);
        }
        else
        {
            Unsafe.CopyBlockUnaligned(&value, bytes, (uint)width);
            _ = _apic.Write(physical & 0xFFF, width, value);
        }

        return true;
    }

    private bool TryTranslate(ulong linear, Access access, bool user, out ulong physical) =>
        TryTranslate(linear, access, user, out physical, out _);

    private bool TryTranslate(ulong linear, Access access, bool user, out ulong physical, out bool global)
    {
        global = false;
        if (!_state->Long64 && SegmentAccess.IsRefused(linear))
        {
            physical = 0;
            RaiseGeneralProtection();
            _state->Fault.Vector = SegmentAccess.VectorOf(linear);
            return false;
        }

        if (!_state->Long64 && (_state->Efer & SystemRegisters.Efer.LongModeActive) == 0)
        {
            linear = (uint)linear;
        }
        else if ((ulong)((long)(linear << 16) >> 16) != linear)
        {
            physical = 0;
            RaiseGeneralProtection();
            _state->Fault.NonCanonical = access != Access.Fetch;
            return false;
        }

        if (!_walker.Walk(linear, access, user, out WalkResult walk))
        {
            physical = 0;
            _state->Cr2 = linear;
            _state->Fault = new Fault { Vector = Vector.PageFault, HasErrorCode = true, ErrorCode = walk.ErrorCode };
            _state->Exit = ExitReason.Fault;
            return false;
        }

        physical = walk.Physical;
        global = walk.Global;
        if (walk.PageSize > 4096)
        {
            _tlb.RememberLarge(linear, in walk);
        }

        if (access != Access.Fetch)
        {
            Remember(linear, user, in walk);
        }

        return true;
    }

    private void Remember(ulong linear, bool user, in WalkResult walk)
    {
        ulong page = walk.Physical & PageMask;
        if (IsApicPage(page) || (_breakpoints.WatchesData && _breakpoints.Covers(linear)) || _physical.Find(page) is not { Memory: { } memory } range)
        {
            return;
        }

        ulong offset = page - range.Start;
        bool watched = memory.WatchedPages[(range.MemoryOffset + offset) / HostMemory.PageSize] != 0;
        _tlb.Remember(linear, user, in walk, range.Host + offset, walk.Writable && !range.ReadOnly && !watched);
    }

    private void RaiseGeneralProtection()
    {
        _state->Fault = new Fault { Vector = Vector.GeneralProtection, HasErrorCode = true };
        _state->Exit = ExitReason.Fault;
    }
}
