namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>Numbers of model-specific registers (Intel SDM vol. 4).</summary>
internal static class Msr
{
    internal const uint TimeStampCounter = 0x10;
    internal const uint PlatformId = 0x17;
    internal const uint ApicBase = 0x1B;
    internal const uint FeatureControl = 0x3A;
    internal const uint TscAdjust = 0x3B;
    internal const uint SpeculationControl = 0x48;
    internal const uint PredictionCommand = 0x49;
    internal const uint BiosSignature = 0x8B;
    internal const uint MtrrCapabilities = 0xFE;
    internal const uint ArchitecturalCapabilities = 0x10A;
    internal const uint SysenterCs = 0x174;
    internal const uint SysenterRsp = 0x175;
    internal const uint SysenterRip = 0x176;
    internal const uint McgCapabilities = 0x179;
    internal const uint McgStatus = 0x17A;
    internal const uint MiscEnable = 0x1A0;
    internal const uint EnergyBias = 0x1B0;
    internal const uint DebugControl = 0x1D9;
    internal const uint MtrrVariableBase = 0x200;
    internal const uint Pat = 0x277;
    internal const uint MtrrDefaultType = 0x2FF;
    internal const uint SupervisorKeyRights = 0x6E1;
    internal const uint TscDeadline = 0x6E0;
    internal const uint X2ApicFirst = 0x800;
    internal const uint X2ApicLast = 0x8FF;
    internal const uint Efer = 0xC000_0080;
    internal const uint Star = 0xC000_0081;
    internal const uint LongStar = 0xC000_0082;
    internal const uint CompatibilityStar = 0xC000_0083;
    internal const uint FlagMask = 0xC000_0084;
    internal const uint FsBase = 0xC000_0100;
    internal const uint GsBase = 0xC000_0101;
    internal const uint KernelGsBase = 0xC000_0102;
    internal const uint TscAux = 0xC000_0103;

    /// <summary>The fixed-range memory types.</summary>
    internal static ReadOnlySpan<uint> MtrrFixed => [0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F];
}
