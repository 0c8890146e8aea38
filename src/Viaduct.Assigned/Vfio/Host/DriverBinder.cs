using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio.Host;

/// <summary>
/// Takes devices from the host's drivers for guests, and gives them back. What is taken is noted in the registry before,
/// so that the next process of ours gives back what one that died had taken.
/// </summary>
public sealed class DriverBinder
{
    private const string ForGuests = "vfio-pci";
    private const string DriverNote = "driver";
    private const string OverrideNote = "driver_override";

    private readonly HostPci _pci;
    private readonly DeviceRegistry _registry;
    private readonly Action<string> _say;

    /// <param name="pci">The host's devices.</param>
    /// <param name="registry">Who has which.</param>
    /// <param name="say">Told, for people, what was taken and given back.</param>
    public DriverBinder(HostPci pci, DeviceRegistry registry, Action<string> say)
    {
        _pci = pci;
        _registry = registry;
        _say = say;
    }

    /// <summary>Gives back what processes of ours that died had taken.</summary>
    /// <returns>How many devices are the host's again.</returns>
    public int GiveBackAbandoned()
    {
        int count = 0;
        foreach (RegistryEntry entry in _registry.Entries)
        {
            if (entry.IsHeld || !entry.Note.ContainsKey(DriverNote) || !PciAddress.TryParse(entry.Device, out PciAddress address))
            {
                continue;
            }

            try
            {
                using DeviceClaim claim = _registry.Claim(entry.Device, entry.Holder.Name);
                count += GiveBack(claim, address, claim.Left, After(entry.Holder)) ? 1 : 0;
            }
            catch (Exception error) when (error is AssignedDeviceException or HostException)
            {
                // Another process was faster, or root took it, whose registry this user can't write.
            }
        }

        return count;
    }

    /// <summary>Takes a device for a guest; where a driver for guests has it already, it is only claimed.</summary>
    /// <param name="address">The device.</param>
    /// <param name="holder">Who takes it.</param>
    /// <exception cref="AssignedDeviceException">Another has it, the host uses it, or its driver doesn't let go.</exception>
    internal DeviceClaim Take(PciAddress address, string holder)
    {
        DeviceHolder? last = _registry.Find(address.ToString())?.Holder;
        DeviceClaim claim;
        try
        {
            claim = _registry.Claim(address.ToString(), holder);
        }
        catch (AssignedDeviceException error)
        {
            throw new AssignedDeviceException($"vfio:{error.Message}", error.IsHeld, error);
        }
        catch (HostException error)
        {
            throw new AssignedDeviceException($"vfio:{address}: who has it can't be written down: {error.Message}", inner: error);
        }

        try
        {
            _ = GiveBack(claim, address, claim.Left, last is null ? "" : After(last));
            Bind(claim, address, holder);
            return claim;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Gives a device back to the host, if it was taken from it, and lets others have it.</summary>
    internal void Release(DeviceClaim claim, PciAddress address)
    {
        using (claim)
        {
            _ = GiveBack(claim, address, claim.Noted, "");
        }
    }

    /// <summary>The host took it back by itself: what limited its drivers goes, and others may have it.</summary>
    internal void Forgo(DeviceClaim claim, PciAddress address)
    {
        using (claim)
        {
            if (claim.Noted.TryGetValue(OverrideNote, out string? before) && _pci.Find(address)?.DriverOverride == ForGuests)
            {
                _ = Try(() => _pci.SetDriverOverride(address, before));
            }

            claim.Note(WithoutOurs(claim.Noted));
        }
    }

    private void Bind(DeviceClaim claim, PciAddress address, string holder)
    {
        HostPciDevice device = _pci.Find(address) ?? throw Refusal(address, "the host has no such device; lspci -D lists those that it has");
        if (device.IsForGuests)
        {
            return;
        }

        if (HostUse.Of(_pci, address) is { } use)
        {
            throw Refusal(address, $"the host uses it: {use}");
        }

        if (!_pci.HasDriver(ForGuests))
        {
            throw Refusal(address, $"the host's kernel has no driver {ForGuests}; first: modprobe {ForGuests}");
        }

        claim.Note(new Dictionary<string, string>(claim.Noted)
        {
            [DriverNote] = device.Driver ?? "",
            [OverrideNote] = device.DriverOverride ?? "",
        });
        Exception? failure = null;
        try
        {
            Rebind(device);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failure = error;
        }

        if (failure is null && _pci.Find(address)?.IsForGuests == true)
        {
            _say($"{device} is taken from the host for {holder}");
            return;
        }

        _ = GiveBack(claim, address, claim.Noted, "");
        throw failure is null
            ? Refusal(address, $"{ForGuests} didn't take it; the kernel's log (dmesg) says why")
            : new AssignedDeviceException($"vfio:{address}: it can't be taken from {TextOf(device.Driver)}: {failure.Message}; run as root, or have an administrator bind it to {ForGuests}", inner: failure);
    }

    private void Rebind(HostPciDevice device)
    {
        _pci.SetDriverOverride(device.Address, ForGuests);
        Free(device);
        _pci.Probe(device.Address);
    }

    private void Free(HostPciDevice device)
    {
        if (device.Driver is { } driver)
        {
            _pci.Unbind(device.Address, driver);
        }
    }

    // True when the host has it again.
    private bool GiveBack(DeviceClaim claim, PciAddress address, IReadOnlyDictionary<string, string> note, string addition)
    {
        if (!note.TryGetValue(DriverNote, out string? before))
        {
            return false;
        }

        if (_pci.Find(address) is not { } device)
        {
            claim.Note(WithoutOurs(note));
            return false;
        }

        bool done = Try(() => Restore(device, before, note.GetValueOrDefault(OverrideNote, "")));
        string driver = _pci.Find(address)?.Driver ?? "";
        bool isBack = done && driver == before;
        _say(isBack
            ? $"{address} is given back to {TextOf(driver)}{addition}"
            : $"{address}{addition} could not be given back to {TextOf(before)}: {TextOf(driver)} has it; by hand: echo {address} > /sys/bus/pci/drivers_probe");

        // Another try may have more luck, or more rights.
        claim.Note(done || driver != ForGuests ? WithoutOurs(note) : note);
        return isBack;
    }

    private void Restore(HostPciDevice device, string driver, string restriction)
    {
        if (device.DriverOverride == ForGuests)
        {
            _pci.SetDriverOverride(device.Address, restriction);
        }

        // Whoever else has it now was given it by somebody who knows.
        if (device.Driver is null or ForGuests)
        {
            Free(device);
            if (driver.Length != 0)
            {
                _pci.Probe(device.Address);
            }
        }
    }

    private static bool Try(Action change)
    {
        try
        {
            change();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static Dictionary<string, string> WithoutOurs(IReadOnlyDictionary<string, string> note) =>
        note.Where(each => each.Key is not (DriverNote or OverrideNote)).ToDictionary();

    private static string After(DeviceHolder holder) => $", which {holder.Name} (pid {holder.Process}) left when it died";

    private static string TextOf(string? driver) => string.IsNullOrEmpty(driver) ? "no driver" : $"the driver {driver}";

    private static AssignedDeviceException Refusal(PciAddress address, string reason) => new($"vfio:{address}: {reason}");
}
