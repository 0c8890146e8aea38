using Viaduct.Emulated.Nvme.Sharing;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Virtualization Management (NVMe 1.4, 5.22), of the primary controller. Worker only.</summary>
internal sealed class VirtualizationCommand(NvmeSubsystem subsystem, WaitingCommands waiting)
{
    internal CommandOutcome Run(int index, in SubmissionEntry entry)
    {
        const uint PrimaryAllocation = 1;
        const uint SecondaryOffline = 7;
        const uint SecondaryAssign = 8;
        const uint SecondaryOnline = 9;
        uint action = entry.Dword10 & 15;
        uint resource = (entry.Dword10 >> 8) & 7;
        int controller = (int)(entry.Dword10 >> 16);
        int count = (int)(entry.Dword11 & 0xFFFF);
        switch (action)
        {
            case PrimaryAllocation or SecondaryAssign when resource > (uint)ResourceKind.Interrupts:
                return NvmeStatus.InvalidResourceIdentifier;
            case PrimaryAllocation:
                return Assigned(subsystem.AllocateToPrimary(controller, (ResourceKind)resource, count), count);
            case SecondaryAssign:
                return Assigned(subsystem.AssignToSecondary(controller, (ResourceKind)resource, count), count);
            case SecondaryOffline or SecondaryOnline:
                Rendezvous rendezvous = waiting.NewRendezvous();
                NvmeStatus status = subsystem.SwitchSecondary(controller, action == SecondaryOnline, rendezvous);
                return status == NvmeStatus.Success ? waiting.Wait(index, rendezvous) : status;
            default:
                return NvmeStatus.InvalidField;
        }
    }

    /// <summary>Dword 0 says how many resources it was about.</summary>
    private static CommandOutcome Assigned(NvmeStatus status, int count) =>
        new(status, status == NvmeStatus.Success ? (uint)count : 0);
}
