using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Host;

/// <summary>The host's physical functions with SR-IOV and their virtual ones: what there is, and who has it.</summary>
public sealed class HostFunctions
{
    private readonly FunctionUses _uses;

    internal HostFunctions(HostPci pci, DeviceRegistry registry, IVfSettings kernel)
    {
        Pci = pci;
        Registry = registry;
        Kernel = kernel;
        Files = new SriovFiles(pci);
        _uses = new FunctionUses(pci, Files, registry);
    }

    /// <summary>This machine's.</summary>
    public static HostFunctions This { get; } = new(new HostPci(), DeviceRegistry.Default, new LinkSettings());

    internal HostPci Pci { get; }

    internal DeviceRegistry Registry { get; }

    internal IVfSettings Kernel { get; }

    internal SriovFiles Files { get; }

    /// <summary>All physical functions with SR-IOV, in the order of their addresses.</summary>
    /// <exception cref="HostException">The kernel's answers make no sense.</exception>
    public IReadOnlyList<PhysicalFunctionState> All => [.. Files.PhysicalFunctions.Select(Look).OfType<PhysicalFunctionState>()];

    /// <summary>Whether a text is the address of a function, or the name of a network interface of this host.</summary>
    public bool IsTarget(string text) => PciAddress.TryParse(text, out _) || Files.HasInterface(text);

    /// <summary>Finds a physical function.</summary>
    /// <param name="target">Its address (<c>0000:01:00.0</c>, <c>01:00.0</c>), or the name of its network interface.</param>
    /// <exception cref="HostFunctionException">There is none; the message says what there is.</exception>
    public PhysicalFunctionState Find(string target)
    {
        PciAddress address = Resolve(target);
        if (Look(address) is { } found)
        {
            return found;
        }

        HostPciDevice? device = Pci.Find(address);
        throw Missing(
            device is null ? $"{target}: this host has no such device; lspci -D lists those that it has"
            : device.PhysicalFunction is { } physical ? $"{target} is a virtual function itself, of {physical}: name that one"
            : $"{target} has no SR-IOV: the device doesn't offer it, or the firmware's set-up has it switched off; 'viaduct sriov list' says which devices have it");
    }

    /// <summary>Looks at a physical function; null where there is none.</summary>
    internal PhysicalFunctionState? Look(PciAddress address)
    {
        if (Pci.Find(address) is not { } device || !Files.IsPhysical(address))
        {
            return null;
        }

        string? network = Files.InterfaceOf(address);
        int index = network is null ? 0 : Files.InterfaceIndex(network);
        return new PhysicalFunctionState
        {
            Address = address,
            Identity = $"{device.Vendor:x4}:{device.Device:x4}",
            Driver = device.Driver,
            Interface = network,
            InterfaceIndex = index,
            Total = Files.Total(address),
            Probes = Files.Probes(address),
            Use = _uses.OfGuests(device),
            Functions = FunctionsOf(address, index),
        };
    }

    private List<VirtualFunctionState> FunctionsOf(PciAddress address, int index)
    {
        IReadOnlyList<(int Number, PciAddress Address)> functions = Files.Functions(address);
        IReadOnlyDictionary<int, VfSettings>? settings = index == 0 || functions.Count == 0 ? null : Kernel.Read(index);
        List<VirtualFunctionState> states = [];
        foreach ((int number, PciAddress place) in functions)
        {
            if (Pci.Find(place) is { } device)
            {
                states.Add(new VirtualFunctionState
                {
                    Number = number,
                    Address = place,
                    Driver = device.Driver,
                    DriverOverride = device.DriverOverride,
                    Group = device.Group,
                    Interface = Files.InterfaceOf(place),
                    Settings = settings?.GetValueOrDefault(number - 1),
                    Use = _uses.Of(device),
                });
            }
        }

        return states;
    }

    private PciAddress Resolve(string target)
    {
        if (PciAddress.TryParse(target, out PciAddress address))
        {
            return address;
        }

        return !Files.HasInterface(target)
            ? throw Missing($"'{target}' is neither a PCI function's address nor a network interface of this host; 'viaduct sriov list' says what there is")
            : Files.FunctionOf(target) ?? throw Missing($"{target} is no interface of a PCI function's: it has no SR-IOV");
    }

    private static HostFunctionException Missing(string message) => new(ControlErrorKind.Missing, message);
}
