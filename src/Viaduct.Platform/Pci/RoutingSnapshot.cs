using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>What a topology's address spaces looked like before a change, so that listeners are told, after the lock, only if something differs.</summary>
internal readonly struct RoutingSnapshot
{
    private readonly PciRoot? _root;
    private readonly AddressMap? _memory;
    private readonly AddressMap? _ports;

    private RoutingSnapshot(PciRoot root)
    {
        _root = root;
        _memory = root.Memory.Current;
        _ports = root.Ports.Current;
    }

    internal static RoutingSnapshot Of(PciBus? bus) => bus is null ? default : new RoutingSnapshot(bus.Root);

    internal void NotifyChanges()
    {
        if (_root is null)
        {
            return;
        }

        if (!ReferenceEquals(_memory, _root.Memory.Current))
        {
            _root.Memory.Notify();
        }

        if (!ReferenceEquals(_ports, _root.Ports.Current))
        {
            _root.Ports.Notify();
        }
    }
}
