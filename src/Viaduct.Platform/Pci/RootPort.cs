namespace Viaduct.Platform.Pci;

/// <summary>A PCI Express root port with a slot for one device, which may have several functions.</summary>
public sealed class RootPort
{
    /// <summary>Red Hat's generic root port: drivers bind by class, and no quirk knows it.</summary>
    private static readonly PciIdentity _identity = new(0x1B36, 0x000C, 0, 0x060400, 0, 0);

    internal RootPort(PciRoot root, string name, int number, bool hotPlug)
    {
        Number = number;
        Bridge = new PciBridge(root, name, _identity);
        Function.AddPowerManagement();
        Function.AddMsi(1);
        _ = Function.IntX;
        Bridge.Express = Function.AddExpress(PciExpressType.RootPort, number, hotPlug);
        Acs = new AcsCapability(Function);
        Function.AddErrorReporting();
    }

    /// <summary>The number of its slot.</summary>
    public int Number { get; }

    /// <summary>What keeps functions behind ports apart.</summary>
    public AcsCapability Acs { get; }

    /// <summary>The port as a bridge.</summary>
    public PciBridge Bridge { get; }

    /// <summary>The port's own function, on the root bus.</summary>
    public PciFunction Function => Bridge.Function;

    /// <summary>The bus behind it.</summary>
    public PciBus Secondary => Bridge.Secondary;

    /// <summary>Puts a function of the device into the slot.</summary>
    /// <param name="function">The function.</param>
    /// <param name="number">0 to 7.</param>
    public void Add(PciFunction function, int number = 0) => Secondary.Add(0, number, function);

    /// <summary>Takes a function out of the slot, as pulling it would; a port for hot plug tells the guest.</summary>
    /// <param name="function">A function that is in the slot.</param>
    public void Remove(PciFunction function) => Secondary.Remove(function);
}
