using System.Text;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;

namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>
/// What CPUID says (Intel SDM vol. 2A, CPUID). Only what this engine has is announced. The vendor is Intel's, because
/// its leaves 15H and 16H tell a kernel the TSC and APIC frequencies without a second timer to calibrate by.
/// </summary>
internal static class CpuIdentification
{
    /// <summary>Leaf 1, EDX: there is a local APIC, and it is on.</summary>
    internal const uint LocalApic = 1 << 9;

    internal const uint MaxBasicLeaf = 0x16;
    private const uint MaxExtendedLeaf = 0x8000_0008;
    private const uint HypervisorLeaf = 0x4000_0000;

    // Family 6, model 6AH, stepping 6.
    internal const uint Signature = 0x000606A6;

    private static readonly byte[] _brand = Encoding.ASCII.GetBytes("Viaduct software x86-64 processor".PadRight(48, '\0'));

    /// <summary>Answers one leaf.</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    /// <param name="apicId">The processor's APIC ID.</param>
    /// <param name="processors">How many processors the machine has.</param>
    /// <param name="features">What the processor has beyond what every guest is given.</param>
    /// <param name="cr4">CR4, of which some bits show here.</param>
    internal static (uint Eax, uint Ebx, uint Ecx, uint Edx) Query(uint leaf, uint subleaf, uint apicId, int processors, ProcessorFeatures features, ulong cr4)
    {
        // An unknown leaf answers as the highest basic one does.
        if (leaf is > MaxBasicLeaf and < HypervisorLeaf or > HypervisorLeaf + 0x10 and < 0x8000_0000 or > MaxExtendedLeaf)
        {
            leaf = MaxBasicLeaf;
        }

        return leaf switch
        {
            0 => (MaxBasicLeaf, Ascii("Genu"), Ascii("ntel"), Ascii("ineI")),
            1 => (Signature, (apicId << 24) | ((uint)processors << 16) | (8 << 8), FeaturesEcx, FeaturesEdx),
            2 => (0x00FF_FF01, 0, 0, 0),
            4 => Cache(subleaf),
            6 => (1 << 2, 0, 0, 0),
            7 when subleaf == 0 => (2, StructuredEbx(features), StructuredEcx(features, cr4), StructuredEdx),
            7 when subleaf == 2 => (0, 0, 0, BranchHistoryControl),
            0xB => Topology(subleaf, apicId, processors),
            0x15 => (1, 1, (uint)EngineClock.Frequency, 0),
            0x16 => ((uint)(EngineClock.Frequency / 1_000_000), (uint)(EngineClock.Frequency / 1_000_000), 100, 0),
            HypervisorLeaf => (HypervisorLeaf + 0x10, Ascii("Viad"), Ascii("uctV"), Ascii("MM\0\0")),
            HypervisorLeaf + 0x10 => ((uint)(EngineClock.Frequency / 1000), (uint)(EngineClock.Frequency / 1000), 0, 0),
            0x8000_0000 => (MaxExtendedLeaf, 0, 0, 0),
            0x8000_0001 => (0, 0, ExtendedEcx, ExtendedEdx),
            0x8000_0002 => Brand(0),
            0x8000_0003 => Brand(16),
            0x8000_0004 => Brand(32),
            0x8000_0006 => (0, 0, 0x0400_8040, 0),
            0x8000_0007 => (0, 0, 0, 1 << 8),
            0x8000_0008 => (PageTableBits.PhysicalAddressBits | (48 << 8), 0, 0, 0),
            _ => (0, 0, 0, 0),
        };
    }

    // CMPXCHG16B, x2APIC, TSC deadline, RDRAND, hypervisor.
    private static uint FeaturesEcx => (1u << 13) | (1 << 21) | (1 << 24) | (1 << 30) | (1u << 31);

    // FPU, DE, PSE, TSC, MSR, PAE, MCE, CX8, APIC, SEP, MTRR, PGE, MCA, CMOV, PAT, PSE36, CLFLUSH, MMX, FXSR, SSE, SSE2.
    private static uint FeaturesEdx => (1u << 0) | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 7) | (1 << 8)
        | (1 << 9) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 17) | (1 << 19)
        | (1 << 23) | (1 << 24) | (1 << 25) | (1 << 26);

    // FSGSBASE, IA32_TSC_ADJUST, SMEP, ERMS, no FPU selectors in images, CLFLUSHOPT, CLWB. With the second, kernels don't watch the TSC by
    // their jiffies, which fall behind on a busy host.
    private static uint StructuredEbx(ProcessorFeatures features) => (1u << 0) | (1 << 1) | (1 << 7) | (1 << 9) | (1 << 13) | (1 << 23) | (1 << 24)
        | (features.HasFlag(ProcessorFeatures.AccessPrevention) ? 1u << 20 : 0);

    // UMIP, RDPID; PKU and OSPKE; PKS.
    private static uint StructuredEcx(ProcessorFeatures features, ulong cr4) => (1u << 2) | (1 << 22)
        | (features.HasFlag(ProcessorFeatures.UserKeys) ? 1u << 3 : 0)
        | ((cr4 & Cr4.UserKeys) != 0 ? 1u << 4 : 0)
        | (features.HasFlag(ProcessorFeatures.SupervisorKeys) ? 1u << 31 : 0);

    // FSRM, IBRS and IBPB, ARCH_CAPABILITIES: an interpreter doesn't speculate, and the MSR says so.
    private static uint StructuredEdx => (1u << 4) | (1 << 26) | (1 << 29);

    // BHI_DIS_S: without it kernels clear a branch history that isn't there, at every system call.
    private static uint BranchHistoryControl => 1u << 4;

    // LAHF in 64-bit mode.
    private static uint ExtendedEcx => 1u << 0;

    // SYSCALL, NX, 1 GiB pages, RDTSCP, long mode.
    private static uint ExtendedEdx => (1u << 11) | (1 << 20) | (1 << 26) | (1 << 27) | (1 << 29);

    private static uint Ascii(string four) => BitConverter.ToUInt32(Encoding.ASCII.GetBytes(four));

    private static (uint Eax, uint Ebx, uint Ecx, uint Edx) Brand(int offset) =>
        (BitConverter.ToUInt32(_brand, offset), BitConverter.ToUInt32(_brand, offset + 4),
            BitConverter.ToUInt32(_brand, offset + 8), BitConverter.ToUInt32(_brand, offset + 12));

    // Leaf 4: 32 KiB data, 32 KiB code, 1 MiB second level, all private to the core.
    private static (uint Eax, uint Ebx, uint Ecx, uint Edx) Cache(uint subleaf) => subleaf switch
    {
        0 => (0x121, (7 << 22) | 63, 63, 0),
        1 => (0x122, (7 << 22) | 63, 63, 0),
        2 => (0x143, (15 << 22) | 63, 1023, 0),
        _ => (0, 0, 0, 0),
    };

    // Leaf 0BH: one thread a core, all cores in one package.
    private static (uint Eax, uint Ebx, uint Ecx, uint Edx) Topology(uint subleaf, uint apicId, int processors)
    {
        uint bits = (uint)System.Numerics.BitOperations.Log2((uint)((2 * processors) - 1));
        return subleaf switch
        {
            0 => (0, 1, 1 << 8, apicId),
            1 => (bits, (uint)processors, (2 << 8) | 1, apicId),
            _ => (0, 0, subleaf, apicId),
        };
    }
}
