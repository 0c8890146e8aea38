namespace Viaduct.Emulated.Nvme;

/// <summary>Offsets of the controller registers (NVMe 1.4, 3.1).</summary>
internal static class NvmeRegister
{
    internal const int Capabilities = 0x00;
    internal const int Version = 0x08;
    internal const int InterruptMaskSet = 0x0C;
    internal const int InterruptMaskClear = 0x10;
    internal const int Configuration = 0x14;
    internal const int Status = 0x1C;
    internal const int SubsystemReset = 0x20;
    internal const int AdminQueueAttributes = 0x24;
    internal const int AdminSubmissionQueue = 0x28;
    internal const int AdminCompletionQueue = 0x30;

    /// <summary>Bytes that hold registers; the rest of the page reads as zero.</summary>
    internal const int End = 0x38;

    /// <summary>Bytes of the register page.</summary>
    internal const int PageLength = 0x1000;
}
