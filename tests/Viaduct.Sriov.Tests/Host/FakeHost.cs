using System.Globalization;
using System.Net.NetworkInformation;
using Viaduct.Assigned.Registry;
using Viaduct.Assigned.Vfio.Host;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Tests.Host;

/// <summary>A host with a network card of 7 virtual functions (eth3, 0000:01:00.0), as its sysfs shows it and behaves when it is written to.</summary>
internal sealed class FakeHost : IVfSettings, IDisposable
{
    internal const string Card = "0000:01:00.0";
    internal const int Index = 7;

    private readonly string _root = Directory.CreateTempSubdirectory("viaduct-host-").FullName;
    private readonly SortedDictionary<int, VfSettings> _settings = [];

    internal FakeHost(string? network = "eth3")
    {
        AddDevice(Card, "0x8086", "0x10c9", "0x020000");
        File("sriov_totalvfs", "7");
        File("sriov_numvfs", "0");
        File("sriov_drivers_autoprobe", "1");
        Bind(Card, "igb");
        if (network is not null)
        {
            AddInterface(Card, network, Index);
        }

        Pci = new HostPci(_root, Write);
        Registry = new DeviceRegistry(Path.Combine(_root, "run/viaduct"));
        Functions = new HostFunctions(Pci, Registry, this);
        Changes = new HostChanges(Functions);
    }

    internal HostPci Pci { get; }

    internal DeviceRegistry Registry { get; }

    internal HostFunctions Functions { get; }

    internal HostChanges Changes { get; }

    /// <summary>What was written and set, in order.</summary>
    internal List<string> Log { get; } = [];

    /// <summary>Refuses what it is called with by throwing; given what is logged.</summary>
    internal Action<string>? Refuse { get; set; }

    /// <summary>What the driver makes of settings, other than they were wanted.</summary>
    internal Func<VfSettings, VfSettings> Forgets { get; set; } = settings => settings;

    internal PhysicalFunctionState State => Functions.Find(Card);

    internal string Root => _root;

    internal static string Address(int number)
    {
        int routingId = 0x0180 + (2 * (number - 1));
        return string.Create(CultureInfo.InvariantCulture, $"0000:01:{(routingId >> 3) & 0x1F:x2}.{routingId & 7}");
    }

    /// <summary>The interface that the host's driver makes of a virtual function.</summary>
    internal static string InterfaceOf(int number) => $"vf-{Address(number)[^4..]}";

    internal void AddDevice(string address, string vendor, string device, string code)
    {
        string folder = Folder(address);
        _ = Directory.CreateDirectory(folder);
        System.IO.File.WriteAllText(Path.Combine(folder, "vendor"), $"{vendor}\n");
        System.IO.File.WriteAllText(Path.Combine(folder, "device"), $"{device}\n");
        System.IO.File.WriteAllText(Path.Combine(folder, "class"), $"{code}\n");
        System.IO.File.WriteAllText(Path.Combine(folder, "driver_override"), "(null)\n");
    }

    internal void AddInterface(string address, string name, int index, bool isUp = false)
    {
        string folder = Path.Combine(Folder(address), "net", name);
        _ = Directory.CreateDirectory(folder);
        System.IO.File.WriteAllText(Path.Combine(folder, "ifindex"), $"{index}\n");
        System.IO.File.WriteAllText(Path.Combine(folder, "flags"), isUp ? "0x1003\n" : "0x1002\n");
        _ = Directory.CreateSymbolicLink(Path.Combine(folder, "device"), $"../../../{address}");
        _ = Directory.CreateDirectory(Path.Combine(_root, "sys/class/net"));
        _ = Directory.CreateSymbolicLink(Path.Combine(_root, "sys/class/net", name), folder);
    }

    internal void Bind(string address, string driver)
    {
        string link = Path.Combine(Folder(address), "driver");
        System.IO.File.Delete(link);
        _ = Directory.CreateDirectory(Path.Combine(_root, "sys/bus/pci/drivers", driver));
        _ = Directory.CreateSymbolicLink(link, $"../../drivers/{driver}");
    }

    /// <summary>Has a process hold the VFIO group of a function that vfio-pci has.</summary>
    internal void OpenByVfio(string address, int group, int process, string program)
    {
        Bind(address, "vfio-pci");
        _ = Directory.CreateSymbolicLink(Path.Combine(Folder(address), "iommu_group"), $"../../kernel/iommu_groups/{group}");
        string folder = Path.Combine(_root, $"proc/{process}");
        _ = Directory.CreateDirectory(Path.Combine(folder, "fd"));
        System.IO.File.WriteAllText(Path.Combine(folder, "comm"), $"{program}\n");
        _ = System.IO.File.CreateSymbolicLink(Path.Combine(folder, "fd/9"), Path.Combine(_root, "dev/vfio", $"{group}"));
    }

    IReadOnlyDictionary<int, VfSettings> IVfSettings.Read(int index)
    {
        Assert.Equal(Index, index);
        Note("read");
        return new Dictionary<int, VfSettings>(_settings);
    }

    void IVfSettings.SetMac(int index, int function, PhysicalAddress mac) => Set(function, $"mac {VfChange.Text(mac)}", old => old with { Mac = mac });

    void IVfSettings.SetVlan(int index, int function, VfVlanTag tag) => Set(function, $"{tag}", old => old with { Vlan = tag });

    void IVfSettings.SetRate(int index, int function, VfRateLimit limit) => Set(function, $"{limit}", old => old with { Rate = limit });

    void IVfSettings.SetSpoofCheck(int index, int function, bool on) => Set(function, $"spoof check {on}", old => old with { SpoofCheck = on });

    void IVfSettings.SetTrust(int index, int function, bool on) => Set(function, $"trust {on}", old => old with { Trust = on });

    void IVfSettings.SetLinkState(int index, int function, VfLinkState state) => Set(function, $"link {state}", old => old with { LinkState = state });

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder(string address) => Path.Combine(_root, "sys/bus/pci/devices", address);

    private void File(string name, string text) => System.IO.File.WriteAllText(Path.Combine(Folder(Card), name), $"{text}\n");

    private string Content(string name) => System.IO.File.ReadAllText(Path.Combine(Folder(Card), name)).Trim();

    private void Set(int function, string words, Func<VfSettings, VfSettings> change)
    {
        Note($"vf{function + 1}: {words}");
        _settings[function] = Forgets(change(_settings[function]));
    }

    private void Note(string words)
    {
        Refuse?.Invoke(words);
        if (words != "read")
        {
            Log.Add(words);
        }
    }

    private void Write(string path, string text)
    {
        string name = Path.GetFileName(path);
        Note($"{name} = {text.Trim()}");
        switch (name)
        {
            case "sriov_numvfs":
                SetCount(int.Parse(text, CultureInfo.InvariantCulture));
                break;
            case "drivers_probe":
                Probe(text);
                break;
            default:
                System.IO.File.WriteAllText(path, text);
                break;
        }
    }

    private void SetCount(int count)
    {
        int now = int.Parse(Content("sriov_numvfs"), CultureInfo.InvariantCulture);
        if (now != 0 && count != 0)
        {
            throw new HostException("write sriov_numvfs", 16);
        }

        for (int number = 1; number <= now; number++)
        {
            Directory.Delete(Path.Combine(Folder(Card), $"virtfn{number - 1}"));
            System.IO.File.Delete(Path.Combine(_root, "sys/class/net", InterfaceOf(number)));
            Directory.Delete(Folder(Address(number)), recursive: true);
            _ = _settings.Remove(number - 1);
        }

        for (int number = 1; number <= count; number++)
        {
            AddDevice(Address(number), "0x8086", "0x10ca", "0x020000");
            _ = Directory.CreateSymbolicLink(Path.Combine(Folder(Address(number)), "physfn"), $"../{Card}");
            _ = Directory.CreateSymbolicLink(Path.Combine(Folder(Card), $"virtfn{number - 1}"), $"../{Address(number)}");
            _settings[number - 1] = new VfSettings { Mac = new PhysicalAddress(new byte[6]), SpoofCheck = true, Trust = false };
            if (Content("sriov_drivers_autoprobe") == "1")
            {
                Probe(Address(number));
            }
        }

        File("sriov_numvfs", $"{count}");
    }

    // As pci_device_can_probe has it: while drivers are kept off virtual functions, only one that is named may take one.
    private void Probe(string address)
    {
        string text = System.IO.File.ReadAllText(Path.Combine(Folder(address), "driver_override")).Trim();
        string? only = text is "" or "(null)" ? null : text;
        if (only is null && Content("sriov_drivers_autoprobe") != "1")
        {
            return;
        }

        Bind(address, only ?? "igbvf");
        if (only is null or "igbvf")
        {
            AddInterface(address, $"vf-{address[^4..]}", 100);
        }
    }
}
