using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned;

/// <summary>
/// A BAR of an assigned function: what the device lets be mapped is memory to the guest, doorbells are signals, MSI-X
/// structures are the function's own, and the rest, down to the neighbours of those structures in their pages, is
/// carried out at the device.
/// </summary>
internal sealed class AssignedBar
{
    /// <summary>A kernel has room for some hundreds of a machine's.</summary>
    private const int MostSignals = 16;

    private readonly Lock _lock = new();
    private readonly PciBar _bar;
    private readonly List<AssignedArea> _areas = [];
    private readonly List<BarRegion> _shown = [];
    private readonly List<Doorbells> _watched = [];
    private readonly List<DoorbellAccess> _doorbells = [];
    private bool _mapped;
    private bool _armed = true;

    /// <param name="bar">The BAR; registers and MSI-X structures are in it.</param>
    /// <param name="region">The device's region.</param>
    /// <param name="registers">Carries accesses out at the device.</param>
    /// <param name="structures">The MSI-X structures in this BAR.</param>
    internal AssignedBar(PciBar bar, AssignedRegion region, IAccessHandler registers, IReadOnlyList<(ulong Offset, ulong Length)> structures)
    {
        _bar = bar;
        List<(ulong Offset, ulong Length)> excluded = [.. structures];
        foreach (AssignedDoorbell doorbell in region.Doorbells)
        {
            bool free = !structures.Any(other => Overlaps(doorbell.Offset, doorbell.Length, other.Offset, other.Length));
            if (free && doorbell.Length != 0 && doorbell.Length <= bar.Size && doorbell.Offset <= bar.Size - doorbell.Length)
            {
                excluded.Add((doorbell.Offset, doorbell.Length));
                AddDoorbells(doorbell, registers);
            }
        }

        foreach (AssignedArea area in region.Areas)
        {
            Cut(area, excluded);
        }
    }

    /// <summary>Shows what can be mapped as memory, or has every access carried out at the device.</summary>
    internal void SetMapped(bool mapped)
    {
        lock (_lock)
        {
            if (mapped == _mapped)
            {
                return;
            }

            _mapped = mapped;
            if (mapped)
            {
                _shown.AddRange(_areas.Select(area => _bar.MapMemory(area.Offset, area.Memory, area.MemoryOffset, area.Length)));
            }
            else
            {
                _shown.ForEach(region => region.Dispose());
                _shown.Clear();
            }

            ShowDoorbells();
        }
    }

    /// <summary>Makes writes to watched doorbells signals, or nothing but memory.</summary>
    internal void SetArmed(bool armed)
    {
        lock (_lock)
        {
            _armed = armed;
            ShowDoorbells();
        }
    }

    /// <summary>Nothing of the device's is touched by the guest's registers any more.</summary>
    internal void Close()
    {
        foreach (DoorbellAccess access in _doorbells)
        {
            access.Close();
        }
    }

    private static bool Overlaps(ulong start, ulong length, ulong otherStart, ulong otherLength) =>
        start < otherStart + otherLength && otherStart < start + length;

    private void AddDoorbells(AssignedDoorbell doorbell, IAccessHandler registers)
    {
        DoorbellAccess access = new(doorbell, new PartAccess(registers, doorbell.Offset));
        _doorbells.Add(access);
        BarRegion region = _bar.MapDoorbells(doorbell.Offset, doorbell.Length, access);
        region.Signals = SignalsOf(doorbell);
        bool inPages = (doorbell.Offset | doorbell.Length | doorbell.ValuesOffset) % HostMemory.PageSize == 0;
        if (doorbell.IsWatched && doorbell.Values is not null && inPages)
        {
            _watched.Add(new Doorbells(doorbell, access) { Region = region });
        }
    }

    /// <summary>What an engine may raise by itself: not where a value has to be left before.</summary>
    private static List<DoorbellSignal> SignalsOf(AssignedDoorbell doorbell)
    {
        const ulong Step = 4;
        const ulong Largest = 8;
        bool single = doorbell.Length <= Largest;
        if (doorbell.Values is not null || doorbell.Length > Step * MostSignals)
        {
            return [];
        }

        if (doorbell.Match is { } match)
        {
            return single && ulong.IsPow2(doorbell.Length)
                ? [new DoorbellSignal(0, (int)doorbell.Length, doorbell.Signal) { Value = match, IsCounted = false }]
                : [];
        }

        List<DoorbellSignal> signals = [];
        for (ulong offset = 0; offset < doorbell.Length; offset += single ? Largest : Step)
        {
            signals.Add(new DoorbellSignal(offset, 0, doorbell.Signal) { IsCounted = false });
        }

        return signals;
    }

    // The new face is laid over the old one before that goes, so that no write falls between them.
    private void ShowDoorbells()
    {
        bool memory = _mapped && !_armed;
        foreach (Doorbells each in _watched)
        {
            if (memory != each.IsMemory)
            {
                BarRegion before = each.Region;
                AssignedDoorbell doorbell = each.Doorbell;
                each.IsMemory = memory;
                each.Region = memory
                    ? _bar.MapMemory(doorbell.Offset, doorbell.Values!, doorbell.ValuesOffset, doorbell.Length)
                    : _bar.MapDoorbells(doorbell.Offset, doorbell.Length, each.Access);
                before.Dispose();
            }
        }
    }

    // Leaves out the pages in which something lies that isn't the device's memory to the guest.
    private void Cut(AssignedArea area, IReadOnlyList<(ulong Offset, ulong Length)> excluded)
    {
        const ulong Page = HostMemory.PageSize;
        ulong end = Math.Min(area.Offset + area.Length, _bar.Size & ~(Page - 1));
        ulong start = area.Offset;
        while (start < end)
        {
            ulong next = end;
            foreach ((ulong offset, ulong length) in excluded)
            {
                ulong first = offset & ~(Page - 1);
                ulong last = (offset + length + Page - 1) & ~(Page - 1);
                if (first <= start && start < last)
                {
                    next = start;
                    start = last;
                    break;
                }

                next = first > start ? Math.Min(next, first) : next;
            }

            if (next > start)
            {
                _areas.Add(new AssignedArea(start, next - start, area.Memory, area.MemoryOffset + (start - area.Offset)));
                start = next;
            }
            else if (next == end)
            {
                return;
            }
        }
    }

    private sealed class Doorbells(AssignedDoorbell doorbell, DoorbellAccess access)
    {
        internal AssignedDoorbell Doorbell => doorbell;

        internal DoorbellAccess Access => access;

        internal required BarRegion Region { get; set; }

        internal bool IsMemory { get; set; }
    }

    private sealed class PartAccess(IAccessHandler whole, ulong start) : IAccessHandler
    {
        public AccessStatus Read(ulong offset, int size, out ulong value) => whole.Read(start + offset, size, out value);

        public AccessStatus Write(ulong offset, int size, ulong value) => whole.Write(start + offset, size, value);
    }
}
