namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>Bits of CR0 (Intel SDM vol. 3A 2.5).</summary>
internal static class Cr0
{
    internal const ulong ProtectionEnable = 1 << 0;
    internal const ulong MonitorCoprocessor = 1 << 1;
    internal const ulong Emulation = 1 << 2;
    internal const ulong TaskSwitched = 1 << 3;
    internal const ulong ExtensionType = 1 << 4;
    internal const ulong NumericError = 1 << 5;
    internal const ulong WriteProtect = 1 << 16;
    internal const ulong AlignmentMask = 1 << 18;
    internal const ulong NotWriteThrough = 1 << 29;
    internal const ulong CacheDisable = 1 << 30;
    internal const ulong Paging = 1UL << 31;

    internal const ulong Known = ProtectionEnable | MonitorCoprocessor | Emulation | TaskSwitched | ExtensionType
        | NumericError | WriteProtect | AlignmentMask | NotWriteThrough | CacheDisable | Paging;
}
