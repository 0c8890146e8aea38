namespace Viaduct.Platform.Pci;

/// <summary>The function by which a root complex shows itself on its root bus. It has no registers of its own.</summary>
public sealed class HostBridge
{
    /// <summary>Red Hat's generic PCI Express host bridge: no driver binds and no quirk knows it.</summary>
    private static readonly PciIdentity _identity = new(0x1B36, 0x0008, 0, 0x060000, 0x1AF4, 0x1100);

    internal HostBridge(PciRoot root) =>
        Function = new PciFunction("host-bridge", _identity, root.NewDmaTarget(root.Counters), root.Counters);

    /// <summary>The function, at 00.0 of the root bus.</summary>
    public PciFunction Function { get; }
}
