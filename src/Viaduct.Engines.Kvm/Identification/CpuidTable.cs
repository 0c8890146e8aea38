using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Kvm.Identification;

/// <summary>
/// What CPUID says on a guest's processors: what KVM supports on this host's, with the machine's own topology (a socket
/// of single-threaded cores) and without performance counters and nested virtualization (Intel SDM vol. 2A, CPUID; AMD APM vol. 3, appendix E).
/// </summary>
internal sealed class CpuidTable
{
    private const uint Signature = 0x4000_0000;
    private const uint TimingLeaf = 0x4000_0010;
    private const uint ApicBusKhz = 1_000_000;
    private const uint FirstExtended = 0x8000_0000;
    private const int MaxEntries = 256;

    private readonly List<KvmCpuidEntry> _entries = [];
    private readonly uint _cpus;

    // Bits of an APIC ID that number the cores.
    private readonly int _coreBits;

    /// <param name="supported">struct kvm_cpuid2 as KVM_GET_SUPPORTED_CPUID gives it.</param>
    /// <param name="cpus">How many processors the machine has; their APIC IDs count from zero.</param>
    /// <param name="tscKhz">The TSC's frequency.</param>
    public CpuidTable(ReadOnlySpan<byte> supported, int cpus, uint tscKhz)
    {
        _cpus = (uint)cpus;
        _coreBits = BitOperations.Log2((uint)((2 * cpus) - 1));
        int count = (int)MemoryMarshal.Read<KvmCpuidHeader>(supported).Count;
        _entries.AddRange(MemoryMarshal.Cast<byte, KvmCpuidEntry>(supported[Unsafe.SizeOf<KvmCpuidHeader>()..])[..count]);
        bool isAmd = IsAmd();
        _ = _entries.RemoveAll(static entry => entry.Function is 0xB or 0x1F or (> Signature + 1 and < FirstExtended));
        foreach (ref KvmCpuidEntry entry in CollectionsMarshal.AsSpan(_entries))
        {
            Adjust(ref entry, isAmd);
        }

        AddTopology();
        Add(new KvmCpuidEntry { Function = TimingLeaf, Eax = tscKhz, Ebx = ApicBusKhz });
    }

    /// <summary>struct kvm_cpuid2 for one processor.</summary>
    /// <param name="apicId">Its local APIC ID.</param>
    public byte[] For(int apicId)
    {
        byte[] bytes = new byte[Unsafe.SizeOf<KvmCpuidHeader>() + (_entries.Count * KvmCpuidHeader.EntrySize)];
        MemoryMarshal.Write(bytes, new KvmCpuidHeader { Count = (uint)_entries.Count });
        Span<KvmCpuidEntry> entries = MemoryMarshal.Cast<byte, KvmCpuidEntry>(bytes.AsSpan(Unsafe.SizeOf<KvmCpuidHeader>()));
        CollectionsMarshal.AsSpan(_entries).CopyTo(entries);
        foreach (ref KvmCpuidEntry entry in entries)
        {
            switch (entry.Function)
            {
                case 1:
                    entry.Ebx = (entry.Ebx & 0x00FF_FFFF) | ((uint)apicId << 24);
                    break;
                case 0xB:
                    entry.Edx = (uint)apicId;
                    break;
                case 0x8000_001E:
                    // The extended APIC ID; the core's number, one thread a core; one node.
                    (entry.Eax, entry.Ebx, entry.Ecx) = ((uint)apicId, (uint)apicId & 0xFF, 0);
                    break;
            }
        }

        return bytes;
    }

    private void Adjust(ref KvmCpuidEntry entry, bool isAmd)
    {
        const uint ClflushSize = 0x0000_FF00;
        const uint X2Apic = 1 << 21;
        const uint TscDeadline = 1 << 24;
        const uint Hypervisor = 1u << 31;
        const uint DebugStoreVmxPerformance = (1 << 2) | (1 << 4) | (1 << 5) | (1 << 15);
        const uint HyperThreading = 1 << 28;
        const uint CoreLegacy = 1 << 1;
        const uint SvmPerformance = (1 << 2) | (1 << 23) | (1 << 24) | (1 << 28);
        switch (entry.Function)
        {
            case 0:
                entry.Eax = Math.Max(entry.Eax, 0xB);
                break;
            case 1:
                entry.Ebx = (entry.Ebx & ClflushSize) | (_cpus << 16);
                entry.Ecx = (entry.Ecx & ~DebugStoreVmxPerformance) | X2Apic | TscDeadline | Hypervisor;
                entry.Edx = _cpus > 1 ? entry.Edx | HyperThreading : entry.Edx & ~HyperThreading;
                break;
            case 4 when !isAmd && (entry.Eax & 0x1F) != 0:
                entry.Eax = (entry.Eax & 0x3FFF) | (Sharers(entry.Eax) << 14) | (((1u << _coreBits) - 1) << 26);
                break;
            case 0xA or 0x8000_000A:
                (entry.Eax, entry.Ebx, entry.Ecx, entry.Edx) = (0, 0, 0, 0);
                break;
            case Signature:
                entry.Eax = TimingLeaf;
                break;
            case 0x8000_0001:
                entry.Ecx = (entry.Ecx & ~(SvmPerformance | CoreLegacy)) | (isAmd && _cpus > 1 ? CoreLegacy : 0);
                break;
            case 0x8000_0002 or 0x8000_0003 or 0x8000_0004 when X86Base.IsSupported:
                (int eax, int ebx, int ecx, int edx) = X86Base.CpuId((int)entry.Function, 0);
                (entry.Eax, entry.Ebx, entry.Ecx, entry.Edx) = ((uint)eax, (uint)ebx, (uint)ecx, (uint)edx);
                break;
            case 0x8000_0008 when isAmd:
                entry.Ecx = (_cpus - 1) | ((uint)_coreBits << 12);
                break;
            case 0x8000_001D when (entry.Eax & 0x1F) != 0:
                entry.Eax = (entry.Eax & 0x3FFF) | (Sharers(entry.Eax) << 14);
                break;
            case 0x8000_0022:
                (entry.Eax, entry.Ebx) = (0, 0);
                break;
        }
    }

    // Leaf 0BH: one thread a core, all cores in one package. Its processor's ID comes in later.
    private void AddTopology()
    {
        Add(new KvmCpuidEntry { Function = 0xB, Index = 0, Flags = KvmCpuidEntry.SignificantIndex, Ebx = 1, Ecx = 1 << 8 });
        Add(new KvmCpuidEntry { Function = 0xB, Index = 1, Flags = KvmCpuidEntry.SignificantIndex, Eax = (uint)_coreBits, Ebx = _cpus, Ecx = (2 << 8) | 1 });
        Add(new KvmCpuidEntry { Function = 0xB, Index = 2, Flags = KvmCpuidEntry.SignificantIndex, Ecx = 2 });
    }

    // Of a cache, bits 7 to 5 its level: the last one is shared by all cores.
    private uint Sharers(uint cache) => ((cache >> 5) & 7) >= 3 ? (1u << _coreBits) - 1 : 0;

    private void Add(in KvmCpuidEntry entry)
    {
        if (_entries.Count < MaxEntries)
        {
            _entries.Add(entry);
        }
    }

    private bool IsAmd()
    {
        const uint Auth = 0x6874_7541;
        const uint Hygo = 0x6F67_7948;
        return _entries.Find(static entry => entry.Function == 0).Ebx is Auth or Hygo;
    }
}
