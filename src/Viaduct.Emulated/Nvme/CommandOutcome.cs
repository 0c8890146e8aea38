namespace Viaduct.Emulated.Nvme;

/// <summary>What became of starting a command: it ended, or it goes on and is completed later.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Result">Dword 0 of the completion.</param>
/// <param name="Continues">It is completed later, by whoever finishes it.</param>
internal readonly record struct CommandOutcome(NvmeStatus Status, uint Result = 0, bool Continues = false)
{
    internal static CommandOutcome Done => default;

    internal static CommandOutcome Pending => new(NvmeStatus.Success, 0, Continues: true);

    public static implicit operator CommandOutcome(NvmeStatus status) => new(status);
}
