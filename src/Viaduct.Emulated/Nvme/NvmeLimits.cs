namespace Viaduct.Emulated.Nvme;

/// <summary>What the controller holds at most; each is announced to the host in a register or in Identify.</summary>
internal static class NvmeLimits
{
    /// <summary>I/O submission queues, and I/O completion queues. Sixty-four serve a guest with a queue a vCPU.</summary>
    internal const int IoQueues = 64;

    /// <summary>All queues of a kind, the admin queue among them; also how many interrupt vectors are useful.</summary>
    internal const int Queues = IoQueues + 1;

    /// <summary>Controllers of a subsystem: a primary one, and as many secondary ones as a Secondary Controller List names.</summary>
    internal const int Controllers = 128;

    /// <summary>Namespaces of a subsystem whose host can make and delete some (NN).</summary>
    internal const int ManagedNamespaces = 256;

    /// <summary>Entries an I/O queue has at most (CAP.MQES).</summary>
    internal const int QueueEntries = 4096;

    /// <summary>log2 of the smallest memory page (CAP.MPSMIN): 4 KiB.</summary>
    internal const int SmallestPageShift = 12;

    /// <summary>log2 of the largest memory page (CAP.MPSMAX): 64 KiB.</summary>
    internal const int LargestPageShift = 16;

    /// <summary>log2, in smallest memory pages, of what one command transfers at most (MDTS): 1 MiB.</summary>
    internal const int TransferShift = 8;

    /// <summary>Bytes one command transfers at most.</summary>
    internal const int TransferBytes = 1 << (SmallestPageShift + TransferShift);

    /// <summary>Commands that are fetched and not completed. Bounds everything that a command holds.</summary>
    internal const int Commands = 256;

    /// <summary>Of <see cref="Commands"/>, how many only the admin queue may take, so that I/O can't shut it out.</summary>
    internal const int AdminCommands = 16;

    /// <summary>Asynchronous Event Requests outstanding (AERL, which counts from zero).</summary>
    internal const int EventRequests = 4;

    /// <summary>Entries of the error log (ELPE).</summary>
    internal const int ErrorEntries = 64;

    /// <summary>Commands fetched from one queue before the next one has its turn.</summary>
    internal const int FetchBurst = 32;
}
