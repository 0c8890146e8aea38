namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// The local APIC's registers by index: the MMIO offset divided by 16, and the MSR number less 0x800 in x2APIC mode
/// (Intel SDM vol. 3A table 11-1 and 11-6).
/// </summary>
internal static class ApicRegister
{
    internal const uint Id = 0x02;
    internal const uint Version = 0x03;
    internal const uint TaskPriority = 0x08;
    internal const uint ArbitrationPriority = 0x09;
    internal const uint ProcessorPriority = 0x0A;
    internal const uint EndOfInterrupt = 0x0B;
    internal const uint LogicalDestination = 0x0D;
    internal const uint DestinationFormat = 0x0E;
    internal const uint SpuriousVector = 0x0F;
    internal const uint InService = 0x10;
    internal const uint TriggerMode = 0x18;
    internal const uint InterruptRequest = 0x20;
    internal const uint ErrorStatus = 0x28;
    internal const uint CommandLow = 0x30;
    internal const uint CommandHigh = 0x31;
    internal const uint LvtTimer = 0x32;
    internal const uint LvtThermal = 0x33;
    internal const uint LvtPerformance = 0x34;
    internal const uint LvtLint0 = 0x35;
    internal const uint LvtLint1 = 0x36;
    internal const uint LvtError = 0x37;
    internal const uint InitialCount = 0x38;
    internal const uint CurrentCount = 0x39;
    internal const uint DivideConfiguration = 0x3E;
    internal const uint SelfIpi = 0x3F;

    /// <summary>Version 14H with six LVT entries (the highest is number 5), no EOI-broadcast suppression (11.4.8).</summary>
    internal const uint VersionValue = 0x0005_0014;

    internal const uint LvtMasked = 1 << 16;
    internal const uint SoftwareEnabled = 1 << 8;

    /// <summary>Error status bits (11.5.3).</summary>
    internal const uint SendIllegalVector = 1 << 5;
    internal const uint ReceiveIllegalVector = 1 << 6;
    internal const uint IllegalRegister = 1 << 7;

    /// <summary>Bits of the local vector table that can be written; those not set are reserved or read-only (figure 11-8).</summary>
    internal static uint LvtWritable(uint index) => index switch
    {
        LvtTimer => 0x0007_00FF,
        LvtThermal or LvtPerformance => 0x0001_07FF,
        LvtLint0 or LvtLint1 => 0x0001_A7FF,
        _ => 0x0001_00FF,
    };

    /// <summary>Bits that WRMSR may set; others are #GP (11.12.1.3).</summary>
    internal static uint X2ApicWritable(uint index) => index switch
    {
        EndOfInterrupt or ErrorStatus => 0,
        TaskPriority => 0xFF,
        SpuriousVector => 0x3FF,
        DivideConfiguration => 0xB,
        >= LvtTimer and <= LvtError => LvtWritable(index) | 0x5000,
        _ => uint.MaxValue,
    };
}
