using Viaduct.Platform.Host;

namespace Viaduct.Sriov.Host;

/// <summary>
/// Gives a physical function another number of virtual ones. The kernel makes all at once, from none (sriov_numvfs),
/// so those that stay are taken away, too, and brought back as they were. Drivers see them when they are set up.
/// </summary>
internal sealed class Resizing(HostFunctions host, PhysicalFunctionState before)
{
    private readonly PciAddress _address = before.Address;
    private readonly Steps _steps = new(error => KernelWords.Explain(error, before.Driver));

    /// <summary>Does it.</summary>
    /// <param name="count">How many there are to be.</param>
    /// <param name="each">What new ones are set to.</param>
    /// <param name="probes">Whether drivers take new ones; null as it is set.</param>
    /// <exception cref="HostFunctionException">A step failed, and those before it were undone.</exception>
    internal void Run(int count, VfChange each, bool? probes)
    {
        int there = before.Functions.Count;
        if (count > 0 && before.Probes)
        {
            _steps.Do("keep drivers off meanwhile", () => host.Files.SetProbes(_address, on: false), () => host.Files.SetProbes(_address, on: true));
        }

        if (there > 0)
        {
            _steps.Do($"take away {before.Name}'s virtual functions", () => host.Files.SetCount(_address, 0), BringBack);
        }

        if (count > 0)
        {
            _steps.Do($"create {count} virtual functions of {before.Name}", () => host.Files.SetCount(_address, count), () => host.Files.SetCount(_address, 0));
            SetUp(Math.Min(there, count), count, each);
        }

        bool takes = probes ?? before.Probes;
        if (count > 0 && takes)
        {
            _steps.Do("let drivers take them", () => host.Files.SetProbes(_address, on: true), () => host.Files.SetProbes(_address, on: false));
        }

        foreach ((int number, PciAddress function) in host.Files.Functions(_address))
        {
            GiveToDrivers(function, number <= there ? before.Functions[number - 1] : null, takes);
        }
    }

    private void SetUp(int kept, int count, VfChange each)
    {
        if (before.InterfaceIndex == 0)
        {
            return;
        }

        VfSteps settings = new(host.Kernel, before.InterfaceIndex, _steps);
        IReadOnlyDictionary<int, VfSettings> now = new Dictionary<int, VfSettings>();
        _steps.Do("read their settings", () => now = host.Kernel.Read(before.InterfaceIndex), undo: null);
        for (int number = 1; number <= count; number++)
        {
            VfSettings fresh = now.GetValueOrDefault(number - 1) ?? new VfSettings();
            if (number > kept)
            {
                settings.Apply(number, fresh, each);
            }
            else if (before.Functions[number - 1].Settings is { } wanted)
            {
                settings.Restore(number, wanted, fresh);
            }
        }
    }

    // Whether a driver takes a function is no part of its making: as when the kernel asks them, none may.
    private void GiveToDrivers(PciAddress function, VirtualFunctionState? old, bool takes)
    {
        try
        {
            if (old is not null)
            {
                Return(function, old);
            }
            else if (takes)
            {
                host.Pci.Probe(function);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is there without a driver, as the list shows.
        }
    }

    // To the very driver that had it. While drivers are kept off, the kernel asks only one that is named.
    private void Return(PciAddress function, VirtualFunctionState old)
    {
        if (old.Driver is { } driver)
        {
            host.Pci.SetDriverOverride(function, driver);
            host.Pci.Probe(function);
        }

        if (old.DriverOverride != old.Driver)
        {
            host.Pci.SetDriverOverride(function, old.DriverOverride);
        }
    }

    private void BringBack()
    {
        host.Files.SetCount(_address, before.Functions.Count);
        if (before.InterfaceIndex != 0)
        {
            IReadOnlyDictionary<int, VfSettings> now = host.Kernel.Read(before.InterfaceIndex);
            VfSteps settings = new(host.Kernel, before.InterfaceIndex, new Steps(error => KernelWords.Explain(error, before.Driver)));
            foreach (VirtualFunctionState function in before.Functions.Where(each => each.Settings is not null))
            {
                settings.Restore(function.Number, function.Settings!, now.GetValueOrDefault(function.Number - 1) ?? new VfSettings());
            }
        }

        foreach ((int number, PciAddress function) in host.Files.Functions(_address))
        {
            GiveToDrivers(function, before.Functions[number - 1], before.Probes);
        }
    }
}
