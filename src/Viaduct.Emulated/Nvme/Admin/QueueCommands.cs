using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Queues;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Creation and deletion of I/O queues (NVMe 1.4, 5.3 to 5.6), and their doorbells in memory (5.7). Worker only.</summary>
internal sealed class QueueCommands(QueueTable queues, InterruptPort interrupts, ShadowDoorbells shadow)
{
    private const uint PhysicallyContiguous = 1;

    /// <summary>Host memory page and entry sizes, as CC says.</summary>
    internal ControllerConfiguration Configuration { get; set; }

    private ulong PageMask => (1UL << Configuration.PageShift) - 1;

    internal CommandOutcome CreateCompletion(in SubmissionEntry entry)
    {
        uint id = entry.Dword10 & 0xFFFF;
        uint vector = entry.Dword11 >> 16;
        if (!IsGranted(id) || queues.FindCompletion(id) is not null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        NvmeStatus status = JudgeRing(in entry, Configuration.CompletionEntryShift == 4);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        if (vector >= interrupts.Count)
        {
            return NvmeStatus.InvalidInterruptVector;
        }

        queues.AddCompletion((int)id, entry.Data1, Entries(in entry), (int)vector, (entry.Dword11 & 2) != 0);
        return CommandOutcome.Done;
    }

    internal CommandOutcome CreateSubmission(in SubmissionEntry entry)
    {
        uint id = entry.Dword10 & 0xFFFF;
        uint completionId = entry.Dword11 >> 16;
        if (!IsGranted(id) || queues.FindSubmission(id) is not null || !IsGranted(completionId))
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        CompletionQueue? completion = queues.FindCompletion(completionId);
        if (completion is null)
        {
            return NvmeStatus.InvalidCompletionQueue;
        }

        NvmeStatus status = JudgeRing(in entry, Configuration.SubmissionEntryShift == 6);
        if (status != NvmeStatus.Success)
        {
            return status;
        }

        queues.AddSubmission((int)id, entry.Data1, Entries(in entry), completion);
        return CommandOutcome.Done;
    }

    internal CommandOutcome DeleteCompletion(in SubmissionEntry entry)
    {
        uint id = entry.Dword10 & 0xFFFF;
        CompletionQueue? queue = id == 0 ? null : queues.FindCompletion(id);
        if (queue is null)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        if (queue.References != 0)
        {
            return NvmeStatus.InvalidQueueDeletion;
        }

        queues.Remove(queue);
        return CommandOutcome.Done;
    }

    /// <summary>Ends a queue: nothing is fetched any more; the command completes once all that was fetched has.</summary>
    internal CommandOutcome DeleteSubmission(int index, in SubmissionEntry entry)
    {
        uint id = entry.Dword10 & 0xFFFF;
        SubmissionQueue? queue = id == 0 ? null : queues.FindSubmission(id);
        if (queue is null || queue.DeletedBy >= 0)
        {
            return NvmeStatus.InvalidQueueIdentifier;
        }

        if (queue.InFlight == 0)
        {
            queues.Remove(queue);
            return CommandOutcome.Done;
        }

        queue.DeletedBy = index;
        return CommandOutcome.Pending;
    }

    internal CommandOutcome ConfigureShadow(in SubmissionEntry entry)
    {
        if (((entry.Data1 | entry.Data2) & PageMask) != 0)
        {
            return NvmeStatus.InvalidPrpOffset;
        }

        if (!shadow.TryEnable(entry.Data1, entry.Data2))
        {
            return NvmeStatus.DataTransferError;
        }

        foreach (SubmissionQueue queue in queues.Submission)
        {
            queue.ArmedAt = -1;
            if (!queue.IsAdmin && !shadow.TrySeed(queue.Id, queue.Tail, queue.Completion.Head))
            {
                shadow.Disable();
                return NvmeStatus.DataTransferError;
            }
        }

        return CommandOutcome.Done;
    }

    private static int Entries(in SubmissionEntry entry) => (int)(entry.Dword10 >> 16) + 1;

    private bool IsGranted(uint id) => id != 0 && id <= (uint)queues.Granted;

    private NvmeStatus JudgeRing(in SubmissionEntry entry, bool entrySizeFits)
    {
        int entries = Entries(in entry);
        if (entries is < 2 or > NvmeLimits.QueueEntries || !entrySizeFits)
        {
            return NvmeStatus.InvalidQueueSize;
        }

        if ((entry.Dword11 & PhysicallyContiguous) == 0)
        {
            // CAP.CQR asks for contiguous queues.
            return NvmeStatus.InvalidField;
        }

        return (entry.Data1 & PageMask) != 0 ? NvmeStatus.InvalidPrpOffset : NvmeStatus.Success;
    }
}
