using Viaduct.Platform.Dma;

namespace Viaduct.Emulated.Nvme.Queues;

/// <summary>The queues that exist, by number. Worker only.</summary>
internal sealed class QueueTable(DmaTarget dma, NvmeDoorbells doorbells)
{
    private readonly SubmissionQueue?[] _submission = new SubmissionQueue?[NvmeLimits.Queues];
    private readonly CompletionQueue?[] _completion = new CompletionQueue?[NvmeLimits.Queues];
    private SubmissionQueue[] _submissionList = [];
    private CompletionQueue[] _completionList = [];

    /// <summary>I/O queues that the controller has as resources (NVMe 1.4, 8.5).</summary>
    internal int Limit { get; set; } = NvmeLimits.IoQueues;

    /// <summary>I/O queues that Number of Queues (feature 07h) granted; zero-based ids go from 1 to this.</summary>
    internal int Granted { get; set; } = NvmeLimits.IoQueues;

    /// <summary>All submission queues that exist.</summary>
    internal ReadOnlySpan<SubmissionQueue> Submission => _submissionList;

    /// <summary>All completion queues that exist.</summary>
    internal ReadOnlySpan<CompletionQueue> Completion => _completionList;

    /// <summary>Whether any I/O queue exists.</summary>
    internal bool AnyIo => _submissionList.Length > 1 || _completionList.Length > 1;

    /// <summary>A submission queue by any number that a guest may have given.</summary>
    internal SubmissionQueue? FindSubmission(uint id) => id < NvmeLimits.Queues ? _submission[id] : null;

    /// <summary>A completion queue by any number that a guest may have given.</summary>
    internal CompletionQueue? FindCompletion(uint id) => id < NvmeLimits.Queues ? _completion[id] : null;

    internal CompletionQueue AddCompletion(int id, ulong address, int entries, int vector, bool interrupts)
    {
        CompletionQueue queue = new(dma, id, address, entries, vector, interrupts);
        _completion[id] = queue;
        _completionList = [.. _completionList, queue];
        doorbells.SetCompletion(id, entries);
        return queue;
    }

    internal SubmissionQueue AddSubmission(int id, ulong address, int entries, CompletionQueue completion)
    {
        SubmissionQueue queue = new(dma, id, address, entries, completion);
        completion.References++;
        _submission[id] = queue;
        _submissionList = [.. _submissionList, queue];
        doorbells.SetSubmission(id, entries);
        return queue;
    }

    internal void Remove(SubmissionQueue queue)
    {
        queue.Completion.References--;
        _submission[queue.Id] = null;
        _submissionList = Array.FindAll(_submissionList, other => other != queue);
        doorbells.SetSubmission(queue.Id, 0);
    }

    internal void Remove(CompletionQueue queue)
    {
        _completion[queue.Id] = null;
        _completionList = Array.FindAll(_completionList, other => other != queue);
        doorbells.SetCompletion(queue.Id, 0);
    }

    /// <summary>Removes all.</summary>
    internal void Clear()
    {
        foreach (SubmissionQueue queue in _submissionList)
        {
            doorbells.SetSubmission(queue.Id, 0);
        }

        foreach (CompletionQueue queue in _completionList)
        {
            doorbells.SetCompletion(queue.Id, 0);
        }

        Array.Clear(_submission);
        Array.Clear(_completion);
        _submissionList = [];
        _completionList = [];
        Granted = Limit;
    }
}
