namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>Bits of IA32_EFER (Intel SDM vol. 3A 2.2.1).</summary>
internal static class Efer
{
    internal const ulong SyscallEnable = 1 << 0;
    internal const ulong LongModeEnable = 1 << 8;
    internal const ulong LongModeActive = 1 << 10;
    internal const ulong NoExecuteEnable = 1 << 11;
    internal const ulong Supported = SyscallEnable | LongModeEnable | LongModeActive | NoExecuteEnable;
}
