using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Linear to guest physical addresses by the guest's page tables: 4-level paging, or none (Intel SDM vol. 3A 4.5).</summary>
internal sealed unsafe class PageWalker
{
    private const ulong Restricting = Cr4.SupervisorAccessPrevention | Cr4.UserKeys | Cr4.SupervisorKeys;

    private readonly CpuState* _state;
    private readonly PhysicalMemory _physical;

    internal PageWalker(CpuState* state, PhysicalMemory physical)
    {
        _state = state;
        _physical = physical;
    }

    /// <summary>Whether the processor itself accesses a table of its own, which AC doesn't cover.</summary>
    internal bool IsImplicit { get; set; }

    /// <summary>Translates, setting accessed and dirty bits.</summary>
    /// <returns>False on a page fault, <paramref name="result"/> then holding its error code.</returns>
    internal bool Walk(ulong linear, Access access, bool user, out WalkResult result)
    {
        result = default;
        if ((_state->Cr0 & Cr0.Paging) == 0)
        {
            result.Physical = linear;
            result.Writable = true;
            result.PageSize = 4096;
            return true;
        }

        if ((_state->Efer & Efer.LongModeActive) == 0)
        {
            return WalkLegacy(linear, access, user, ref result);
        }

        return Descend(_state->Cr3 & PageTableBits.AddressMask, 39, linear, access, user, ref result);
    }

    private bool WalkLegacy(ulong linear, Access access, bool user, ref WalkResult result)
    {
        if ((_state->Cr4 & Cr4.PhysicalAddressExtension) == 0)
        {
            return Descend32(linear, access, user, ref result);
        }

        ulong pointer = (_state->Cr3 & ~0x1FUL) + ((linear >> 30) * 8);
        if (!_physical.TryRead(pointer & uint.MaxValue, out ulong directory) || (directory & PageTableBits.Present) == 0)
        {
            result.ErrorCode = Error(access, user, 0);
            return false;
        }

        // PAE directory pointers carry no permissions: the two levels below decide (4.4.1).
        return Descend(directory & PageTableBits.AddressMask, 21, linear, access, user, ref result);
    }

    private bool Descend(ulong table, int shift, ulong linear, Access access, bool user, ref WalkResult result)
    {
        ulong allowed = PageTableBits.Writable | PageTableBits.User;
        ulong forbidden = 0;
        (ulong root, int top) = (table, shift);
        bool noExecuteEnabled = (_state->Efer & Efer.NoExecuteEnable) != 0;
        ulong reserved = PageTableBits.AboveAddress | (noExecuteEnabled ? 0 : PageTableBits.NoExecute);
        while (true)
        {
            ulong address = table + (((linear >> shift) & 0x1FF) * 8);
            if (!_physical.TryGetPointer(address, out ulong* pointer))
            {
                // Tables outside memory read as all ones on hardware: reserved bits are set.
                result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent | PageTableBits.ErrorReserved);
                return false;
            }

            ulong entry = Volatile.Read(ref *pointer);
            if ((entry & PageTableBits.Present) == 0)
            {
                result.ErrorCode = Error(access, user, 0);
                return false;
            }

            bool leaf = shift == 12 || ((entry & PageTableBits.Large) != 0 && shift <= 30);
            ulong mustBeZero = reserved
                | (shift == 39 ? PageTableBits.Large : 0)
                | (leaf && shift > 12 ? ((1UL << shift) - 1) & ~0x1FFFUL : 0);
            if ((entry & mustBeZero) != 0)
            {
                result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent | PageTableBits.ErrorReserved);
                return false;
            }

            allowed &= entry;
            forbidden |= entry & PageTableBits.NoExecute;
            if (!leaf)
            {
                if (!TrySetBits(pointer, entry, PageTableBits.Accessed))
                {
                    (table, shift, allowed, forbidden) = (root, top, PageTableBits.Writable | PageTableBits.User, 0);
                    continue;
                }

                table = entry & PageTableBits.AddressMask;
                shift -= 9;
                continue;
            }

            bool writable = (allowed & PageTableBits.Writable) != 0 || (!user && (_state->Cr0 & Cr0.WriteProtect) == 0);
            bool permitted = (!user || (allowed & PageTableBits.User) != 0)
                && (access != Access.Write || writable)
                && (access != Access.Fetch || (forbidden == 0
                    && (user || (allowed & PageTableBits.User) == 0 || (_state->Cr4 & Cr4.SupervisorExecutionPrevention) == 0)));
            if (!permitted)
            {
                result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent);
                return false;
            }

            if ((_state->Cr4 & Restricting) != 0 && access != Access.Fetch
                && IsRestricted(entry, (allowed & PageTableBits.User) != 0, access, user, ref writable, ref result))
            {
                return false;
            }

            ulong set = PageTableBits.Accessed | (access == Access.Write ? PageTableBits.Dirty : 0);
            if (!TrySetBits(pointer, entry, set))
            {
                (table, shift, allowed, forbidden) = (root, top, PageTableBits.Writable | PageTableBits.User, 0);
                continue;
            }

            ulong offsetMask = (1UL << shift) - 1;
            result.Physical = (entry & PageTableBits.AddressMask & ~offsetMask) | (linear & offsetMask);
            result.Writable = writable && ((entry | set) & PageTableBits.Dirty) != 0;
            result.Global = IsGlobal(entry);
            result.PageSize = 1UL << shift;
            return true;
        }
    }

    private bool Descend32(ulong linear, Access access, bool user, ref WalkResult result)
    {
        const int Restart = 32;
        ulong table = _state->Cr3 & 0xFFFFF000;
        ulong allowed = PageTableBits.Writable | PageTableBits.User;
        for (int shift = 22; ; shift -= 10)
        {
            if (!_physical.TryGetPointer(table + (((linear >> shift) & 0x3FF) * 4), out uint* pointer))
            {
                result.ErrorCode = Error(access, user, 0);
                return false;
            }

            uint entry = Volatile.Read(ref *pointer);
            if ((entry & PageTableBits.Present) == 0)
            {
                result.ErrorCode = Error(access, user, 0);
                return false;
            }

            allowed &= entry;
            bool leaf = shift == 12
                || ((entry & PageTableBits.Large) != 0 && (_state->Cr4 & Cr4.PageSizeExtension) != 0);
            if (!leaf)
            {
                table = entry & 0xFFFFF000;
                if (!TrySetBits(pointer, entry, (uint)PageTableBits.Accessed))
                {
                    (table, allowed, shift) = (_state->Cr3 & 0xFFFFF000, PageTableBits.Writable | PageTableBits.User, Restart);
                }

                continue;
            }

            bool writable = (allowed & PageTableBits.Writable) != 0 || (!user && (_state->Cr0 & Cr0.WriteProtect) == 0);
            if ((user && (allowed & PageTableBits.User) == 0) || (access == Access.Write && !writable)
                || (access == Access.Fetch && !user && (allowed & PageTableBits.User) != 0 && (_state->Cr4 & Cr4.SupervisorExecutionPrevention) != 0))
            {
                result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent);
                return false;
            }

            if ((_state->Cr4 & Restricting) != 0 && access != Access.Fetch
                && IsRestricted(entry, (allowed & PageTableBits.User) != 0, access, user, ref writable, ref result))
            {
                return false;
            }

            uint set = (uint)(PageTableBits.Accessed | (access == Access.Write ? PageTableBits.Dirty : 0));
            if (!TrySetBits(pointer, entry, set))
            {
                (table, allowed, shift) = (_state->Cr3 & 0xFFFFF000, PageTableBits.Writable | PageTableBits.User, Restart);
                continue;
            }

            entry |= set;
            uint offsetMask = (1u << shift) - 1;
            result.Physical = (entry & 0xFFFFF000 & ~offsetMask) | (linear & offsetMask);
            result.Writable = writable && (entry & PageTableBits.Dirty) != 0;
            result.Global = IsGlobal(entry);
            result.PageSize = 1UL << shift;
            return true;
        }
    }

    // SMAP and protection keys (4.6.1, 4.6.2), which only long mode's entries have.
    private bool IsRestricted(ulong entry, bool userPage, Access access, bool user, ref bool writable, ref WalkResult result)
    {
        CpuState* s = _state;
        if (userPage && !user && (s->Cr4 & Cr4.SupervisorAccessPrevention) != 0)
        {
            result.IsLent = true;
            if (IsImplicit || (s->FlagsOther & Rflags.AlignmentCheck) == 0)
            {
                result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent);
                return true;
            }
        }

        bool keyed = (s->Efer & Efer.LongModeActive) != 0 && (s->Cr4 & (userPage ? Cr4.UserKeys : Cr4.SupervisorKeys)) != 0;
        uint rights = !keyed ? 0 : userPage ? s->UserKeyRights : s->SupervisorKeyRights;
        int key = (int)(entry >> PageTableBits.KeyShift) & 0xF;
        bool deniesWrites = ProtectionKeys.DeniesWrites(rights, key) && (user || (s->Cr0 & Cr0.WriteProtect) != 0);
        writable &= !deniesWrites;
        if (ProtectionKeys.DeniesAccess(rights, key) || (access == Access.Write && deniesWrites))
        {
            result.ErrorCode = Error(access, user, PageTableBits.ErrorPresent | PageTableBits.ErrorKey);
            return true;
        }

        return false;
    }

    private bool IsGlobal(ulong leaf) => (leaf & PageTableBits.Global) != 0 && (_state->Cr4 & Cr4.PageGlobalEnable) != 0;

    private uint Error(Access access, bool user, uint code)
    {
        bool fetchReported = (_state->Efer & Efer.NoExecuteEnable) != 0 || (_state->Cr4 & Cr4.SupervisorExecutionPrevention) != 0;
        return code
            | (access == Access.Write ? PageTableBits.ErrorWrite : 0)
            | (user ? PageTableBits.ErrorUser : 0)
            | (access == Access.Fetch && fetchReported ? PageTableBits.ErrorFetch : 0);
    }

    // False where another processor changed the entry since it was read: what it says now counts, and a bit set in an
    // entry that isn't there any more would change what the guest keeps in it.
    private static bool TrySetBits(ulong* pointer, ulong entry, ulong bits) =>
        (entry & bits) == bits || Interlocked.CompareExchange(ref *pointer, entry | bits, entry) == entry;

    private static bool TrySetBits(uint* pointer, uint entry, uint bits) =>
        (entry & bits) == bits || Interlocked.CompareExchange(ref *pointer, entry | bits, entry) == entry;
}
