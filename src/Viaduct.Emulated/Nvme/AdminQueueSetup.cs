namespace Viaduct.Emulated.Nvme;

/// <summary>Where the host put the admin queues: AQA, ASQ and ACQ (NVMe 1.4, 3.1.8 to 3.1.10).</summary>
internal readonly record struct AdminQueueSetup(uint Attributes, ulong SubmissionBase, ulong CompletionBase)
{
    /// <summary>Bits of AQA that the host can set.</summary>
    internal const uint WritableAttributes = 0x0FFF_0FFF;

    /// <summary>Bits of ASQ and ACQ that the host can set.</summary>
    internal const ulong WritableBase = ~0xFFFUL;

    /// <summary>Entries; the field counts from zero.</summary>
    internal int SubmissionEntries => (int)(Attributes & 0xFFF) + 1;

    /// <inheritdoc cref="SubmissionEntries"/>
    internal int CompletionEntries => (int)((Attributes >> 16) & 0xFFF) + 1;
}
