namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>Bits of CR4 (Intel SDM vol. 3A 2.5) that this engine has.</summary>
internal static class Cr4
{
    internal const ulong TimeStampDisable = 1 << 2;
    internal const ulong DebuggingExtensions = 1 << 3;
    internal const ulong PageSizeExtension = 1 << 4;
    internal const ulong PhysicalAddressExtension = 1 << 5;
    internal const ulong MachineCheckEnable = 1 << 6;
    internal const ulong PageGlobalEnable = 1 << 7;
    internal const ulong PerformanceCounterEnable = 1 << 8;
    internal const ulong FxsaveSupport = 1 << 9;
    internal const ulong SimdExceptions = 1 << 10;
    internal const ulong UserInstructionPrevention = 1 << 11;
    internal const ulong FsGsBaseEnable = 1 << 16;
    internal const ulong SupervisorExecutionPrevention = 1 << 20;
    internal const ulong SupervisorAccessPrevention = 1 << 21;
    internal const ulong UserKeys = 1 << 22;
    internal const ulong SupervisorKeys = 1 << 24;

    /// <summary>What may be set on every processor; the rest is reserved (#GP).</summary>
    private const ulong Supported = 0x3 | TimeStampDisable | DebuggingExtensions | PageSizeExtension
        | PhysicalAddressExtension | MachineCheckEnable | PageGlobalEnable | PerformanceCounterEnable | FxsaveSupport
        | SimdExceptions | FsGsBaseEnable | SupervisorExecutionPrevention | UserInstructionPrevention;

    /// <summary>What may be set with the features that a processor has.</summary>
    internal static ulong SupportedWith(ProcessorFeatures features) => Supported
        | (features.HasFlag(ProcessorFeatures.AccessPrevention) ? SupervisorAccessPrevention : 0)
        | (features.HasFlag(ProcessorFeatures.UserKeys) ? UserKeys : 0)
        | (features.HasFlag(ProcessorFeatures.SupervisorKeys) ? SupervisorKeys : 0);
}
