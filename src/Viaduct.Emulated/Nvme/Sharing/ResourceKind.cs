namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>Controller resources: RT of Virtualization Management (NVMe 1.4, figure 337).</summary>
internal enum ResourceKind
{
    Queues = 0,
    Interrupts = 1,
}
