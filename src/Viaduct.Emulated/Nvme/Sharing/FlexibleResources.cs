namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>Who has the controller resources of one kind (NVMe 1.4, 8.5): the primary controller has some for good, the rest goes where it is sent. Under the subsystem's lock.</summary>
internal sealed class FlexibleResources
{
    /// <summary>Flexible ones that the primary controller begins with. With its own it has all that a controller can use.</summary>
    private const int PrimaryStart = 32;

    internal FlexibleResources(int secondaries, int each)
    {
        bool any = secondaries != 0;
        PrimaryPrivate = any ? NvmeLimits.Queues - PrimaryStart : NvmeLimits.Queues;
        Primary = any ? PrimaryStart : 0;
        PrimaryNext = Primary;
        Total = Primary + (secondaries * each);
    }

    /// <summary>VQFRT, VIFRT: flexible ones there are.</summary>
    internal int Total { get; }

    /// <summary>VQPRT, VIPRT.</summary>
    internal int PrimaryPrivate { get; }

    /// <summary>VQRFAP, VIRFAP: what the primary controller has of the flexible ones.</summary>
    internal int Primary { get; private set; }

    /// <summary>What it will have of them after its next reset.</summary>
    internal int PrimaryNext { get; private set; }

    /// <summary>VQRFA, VIRFA: what secondary controllers have.</summary>
    internal int Assigned { get; private set; }

    /// <summary>VQFRSM, VIFRSM: what one secondary controller can have.</summary>
    internal int SecondaryMaximum => Math.Min(Total, NvmeLimits.Queues);

    /// <summary>Primary Controller Flexible Allocation (5.22): from the next controller level reset on.</summary>
    internal NvmeStatus Allocate(int count)
    {
        if (count > Total || PrimaryPrivate + count > NvmeLimits.Queues)
        {
            return NvmeStatus.InvalidNumberOfResources;
        }

        if (count > Total - Assigned)
        {
            return NvmeStatus.InvalidResourceIdentifier;
        }

        PrimaryNext = count;
        return NvmeStatus.Success;
    }

    /// <summary>Changes what a secondary controller has from <paramref name="before"/> to <paramref name="count"/>.</summary>
    internal NvmeStatus Assign(int before, int count)
    {
        if (count > SecondaryMaximum)
        {
            return NvmeStatus.InvalidNumberOfResources;
        }

        // What the primary controller was promised is gone already, what it gives up isn't there yet.
        if (count - before > Total - Math.Max(Primary, PrimaryNext) - Assigned)
        {
            return NvmeStatus.InvalidResourceIdentifier;
        }

        Assigned += count - before;
        return NvmeStatus.Success;
    }

    /// <summary>The primary controller was reset.</summary>
    internal void PrimaryReset() => Primary = PrimaryNext;
}
