using System.Net.NetworkInformation;
using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;
using Viaduct.Sriov.Host.Netlink;

namespace Viaduct.Sriov.Tests.Host;

public sealed class HostChangesTests : IDisposable
{
    private static readonly VfChange _none = new();
    private static readonly PhysicalAddress _mac = PhysicalAddress.Parse("52:54:00:00:00:01");

    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("eth3")]
    [InlineData("0000:01:00.0")]
    [InlineData("01:00.0")]
    public void Create_MakesFunctions_SetUpBeforeADriverSeesThem(string target)
    {
        _host.Changes.Create(target, 2, new VfChange { Mac = _mac, Vlan = 100, SpoofCheck = false }, probes: null, force: false);

        Assert.Equal(
            [
                "sriov_drivers_autoprobe = 0",
                "sriov_numvfs = 2",
                "vf1: mac 52:54:00:00:00:01", "vf1: VLAN 100 (802.1Q, priority 0)", "vf1: spoof check False",
                "vf2: mac 52:54:00:00:00:01", "vf2: VLAN 100 (802.1Q, priority 0)", "vf2: spoof check False",
                "sriov_drivers_autoprobe = 1",
                "drivers_probe = 0000:01:10.0", "drivers_probe = 0000:01:10.2",
            ],
            _host.Log);
        Assert.Equal(["vf1", "vf2"], _host.State.Functions.Select(each => each.Name));
        Assert.All(_host.State.Functions, each => Assert.Equal("igbvf", each.Driver));
        Assert.Empty(_host.Registry.Entries);
    }

    [Fact]
    public void Create_WithoutProbing_LeavesThemToNobody()
    {
        _host.Changes.Create("eth3", 1, _none, probes: false, force: false);
        Assert.Null(_host.State.Functions[0].Driver);
        Assert.False(_host.State.Probes);
        _host.Changes.SetProbes("eth3", on: true);
        Assert.True(_host.State.Probes);
    }

    [Fact]
    public void Create_BesideOthers_BringsTheseBackAsTheyWere()
    {
        _host.Changes.Create("eth3", 2, new VfChange { Vlan = 5, Priority = 3, IsServiceTag = true, MostRate = 100, Trust = true, LinkState = VfLinkState.Up }, null, false);
        _host.Pci.SetDriverOverride(_host.State.Functions[1].Address, "vfio-pci");
        _host.Pci.Probe(_host.State.Functions[1].Address);
        VfSettings[] before = [.. _host.State.Functions.Select(each => each.Settings!)];

        _host.Changes.Create("eth3", 1, _none, null, false);

        Assert.Equal(3, _host.State.Functions.Count);
        Assert.Equal(before, _host.State.Functions.Take(2).Select(each => each.Settings!));
        Assert.Equal(["igbvf", "vfio-pci", "igbvf"], _host.State.Functions.Select(each => each.Driver));
        Assert.Equal([null, "vfio-pci", null], _host.State.Functions.Select(each => each.DriverOverride));
        Assert.Equal(0, _host.State.Functions[2].Settings!.Vlan.Vlan);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(-1)]
    public void Create_OfWhatCannotBe_IsRefused(int count) =>
        Assert.Equal(ControlErrorKind.Invalid, Refused(() => _host.Changes.Create("eth3", count, _none, null, false)).Kind);

    [Theory]
    [InlineData("vf2: VLAN 100")]
    [InlineData("vf1: spoof check")]
    [InlineData("sriov_numvfs = 2")]
    [InlineData("sriov_drivers_autoprobe = 1")]
    public void Create_WhereAStepFails_LeavesAllAsItWas(string failing)
    {
        _host.Refuse = words => Throw(words.StartsWith(failing, StringComparison.Ordinal));
        HostFunctionException error = Refused(() => _host.Changes.Create("eth3", 2, new VfChange { Vlan = 100, SpoofCheck = false }, null, false));
        Assert.Equal(ControlErrorKind.Failed, error.Kind);
        Assert.Contains("can't ", error.Message, StringComparison.Ordinal);
        Assert.Empty(_host.State.Functions);
        Assert.Empty(_host.Registry.Entries);
        if (!failing.StartsWith("sriov_drivers", StringComparison.Ordinal))
        {
            Assert.Contains("all is as it was before", error.Message, StringComparison.Ordinal);
            Assert.True(_host.State.Probes);
        }
    }

    [Fact]
    public void Create_WhereTheNewNumberIsRefused_BringsBackTheOldOnes()
    {
        _host.Changes.Create("eth3", 2, new VfChange { Mac = _mac, Vlan = 7 }, null, false);
        VfSettings[] before = [.. _host.State.Functions.Select(each => each.Settings!)];
        _host.Refuse = words => Throw(words == "sriov_numvfs = 5");

        HostFunctionException error = Refused(() => _host.Changes.Create("eth3", 3, _none, null, false));

        Assert.Contains("can't create 5 virtual functions of eth3: the driver igb doesn't take that number; all is as it was before", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _host.State.Functions.Select(each => each.Settings!));
        Assert.All(_host.State.Functions, each => Assert.Equal(("igbvf", null), (each.Driver, each.DriverOverride)));
        Assert.True(_host.State.Probes);
    }

    [Fact]
    public void Create_WhileDriversAreKeptOff_GivesTheOldOnesBackToTheirs()
    {
        _host.Changes.Create("eth3", 2, _none, null, false);
        _host.Changes.SetProbes("eth3", on: false);
        _host.Changes.Create("eth3", 1, _none, null, false);
        Assert.Equal(["igbvf", "igbvf", null], _host.State.Functions.Select(each => each.Driver));
        Assert.False(_host.State.Probes);
    }

    [Fact]
    public void Create_WhereUndoingFailsToo_SaysWhatIsLeft()
    {
        _host.Refuse = words => Throw(words.StartsWith("vf1: VLAN", StringComparison.Ordinal) || words == "sriov_numvfs = 0");
        string message = Refused(() => _host.Changes.Create("eth3", 1, new VfChange { Vlan = 100 }, null, false)).Message;
        Assert.Contains("can't put vf1 into VLAN 100", message, StringComparison.Ordinal);
        Assert.Contains("\"create 1 virtual functions of eth3\" could not be taken back", message, StringComparison.Ordinal);
        Assert.True(_host.State.Probes);
    }

    [Fact]
    public void Remove_TakesAll()
    {
        _host.Changes.Create("eth3", 3, _none, null, false);
        _host.Changes.Remove("eth3", null, false);
        Assert.Empty(_host.State.Functions);
        _host.Changes.Remove("eth3", null, false);
    }

    [Fact]
    public void Remove_OfTheLast_KeepsTheOthers()
    {
        _host.Changes.Create("eth3", 3, new VfChange { Vlan = 9 }, null, false);
        _host.Changes.Remove("eth3", [3, 2], false);
        Assert.Equal(9, Assert.Single(_host.State.Functions).Settings!.Vlan.Vlan);
    }

    [Theory]
    [InlineData(1, "name vf3, or none for all")]
    [InlineData(0, "numbered from 1")]
    [InlineData(4, "no vf4")]
    public void Remove_OfOneInTheMiddle_IsRefusedWithWhatCanBe(int number, string remedy)
    {
        _host.Changes.Create("eth3", 3, _none, null, false);
        Assert.Contains(remedy, Refused(() => _host.Changes.Remove("eth3", [number], false)).Message, StringComparison.Ordinal);
        Assert.Equal(3, _host.State.Functions.Count);
    }

    [Fact]
    public void FunctionOfAGuest_IsLeftAlone_ByForceAsWell()
    {
        _host.Changes.Create("eth3", 2, _none, null, false);
        using (_host.Registry.Claim(FakeHost.Address(2), "guest 'a'"))
        {
            foreach (Action change in (Action[])[() => _host.Changes.Remove("eth3", null, true), () => _host.Changes.Remove("eth3", [2], true), () => _host.Changes.Create("eth3", 1, _none, null, true)])
            {
                HostFunctionException error = Refused(change);
                Assert.Equal(ControlErrorKind.Held, error.Kind);
                Assert.Contains($"eth3's vf2 (0000:01:10.2) is used by guest 'a' (pid {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
            }

            Assert.Contains("guest 'a'", _host.State.Functions[1].Use!.Text, StringComparison.Ordinal);
            Assert.Equal(ControlErrorKind.Held, Refused(() => _host.Changes.Set("eth3", 2, new VfChange { Mac = _mac })).Kind);
            Assert.Empty(_host.Changes.Set("eth3", 2, new VfChange { Vlan = 4 }));
        }

        _host.Changes.Remove("eth3", null, false);
    }

    [Fact]
    public void FunctionThatAnotherProgramHasByVfio_IsLeftAlone_AndItsProgramIsNamed()
    {
        _host.Changes.Create("eth3", 2, _none, probes: false, force: false);
        _host.OpenByVfio(FakeHost.Address(1), group: 17, process: 4711, "qemu-system-x86");
        HostFunctionException error = Refused(() => _host.Changes.Remove("eth3", null, true));
        Assert.Equal(ControlErrorKind.Held, error.Kind);
        Assert.Contains("vf1 (0000:01:10.0) is used by qemu-system-x86 (pid 4711), by VFIO", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FunctionWhoseInterfaceIsUp_GoesByForceOnly()
    {
        _host.Changes.Create("eth3", 1, _none, probes: false, force: false);
        _host.Bind(FakeHost.Address(1), "igbvf");
        _host.AddInterface(FakeHost.Address(1), FakeHost.InterfaceOf(1), 100, isUp: true);
        HostFunctionException error = Refused(() => _host.Changes.Remove("eth3", null, false));
        Assert.Equal(ControlErrorKind.Held, error.Kind);
        Assert.Contains("is up; first: ip link set vf-10.0 down, or take it all the same: --force", error.Message, StringComparison.Ordinal);
        _host.Changes.Remove("eth3", null, true);
        Assert.Empty(_host.State.Functions);
    }

    [Fact]
    public void FunctionOfAContainer_GoesByForceOnly()
    {
        _host.Changes.Create("eth3", 1, _none, probes: false, force: false);
        _host.Bind(FakeHost.Address(1), "igbvf");
        Assert.Contains("another network namespace", Refused(() => _host.Changes.Remove("eth3", null, false)).Message, StringComparison.Ordinal);
        _host.Changes.Remove("eth3", null, true);
    }

    [Fact]
    public void PhysicalFunctionOfAGuest_IsLeftAlone()
    {
        using DeviceClaim claim = _host.Registry.Claim(FakeHost.Card, "guest 'a'");
        Assert.Equal(ControlErrorKind.Held, Refused(() => _host.Changes.Create("eth3", 1, _none, null, true)).Kind);
        Assert.Contains("guest 'a'", _host.State.Use!.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Remove_ForgetsWhatADeadMonitorLeftToBePutRightThere()
    {
        _host.Changes.Create("eth3", 2, _none, null, false);
        for (int number = 1; number <= 2; number++)
        {
            using DeviceClaim claim = _host.Registry.Claim(FakeHost.Address(number), "guest 'a'");
            claim.Note(new Dictionary<string, string> { ["driver"] = "igbvf" });
        }

        _host.Changes.Remove("eth3", [2], false);
        Assert.Equal(FakeHost.Address(1), Assert.Single(_host.Registry.Entries).Device);
    }

    [Fact]
    public void Set_ChangesWhatItNames_AndNothingElse()
    {
        _host.Changes.Create("eth3", 2, new VfChange { Vlan = 5, Priority = 2, LeastRate = 10 }, null, false);
        Assert.Empty(_host.Changes.Set("eth3", 2, new VfChange { Mac = _mac, Priority = 3, MostRate = 500, SpoofCheck = false, Trust = true, LinkState = VfLinkState.Down }));
        Assert.Equal(
            new VfSettings { Mac = _mac, Vlan = new(5, 3, false), Rate = new(10, 500), SpoofCheck = false, Trust = true, LinkState = VfLinkState.Down },
            _host.State.Functions[1].Settings);
        Assert.Equal(new VfVlanTag(5, 2, false), _host.State.Functions[0].Settings!.Vlan);
    }

    [Fact]
    public void Set_WhereTheDriverRefusesOne_TakesTheOthersBack()
    {
        _host.Changes.Create("eth3", 1, new VfChange { Vlan = 5 }, null, false);
        VfSettings before = _host.State.Functions[0].Settings!;
        _host.Refuse = words =>
        {
            if (words.Contains("link", StringComparison.Ordinal))
            {
                throw new NetlinkException(95, null);
            }
        };
        HostFunctionException error = Refused(() => _host.Changes.Set("eth3", 1, new VfChange { Mac = _mac, Vlan = 6, MostRate = 100, Trust = true, LinkState = VfLinkState.Up }));
        Assert.Equal("can't set vf1's link to up: the driver igb doesn't offer that (errno 95); all is as it was before", error.Message);
        Assert.Equal(before, _host.State.Functions[0].Settings);
    }

    [Fact]
    public void Set_SaysWhatTheDriverTookWithoutShowingIt()
    {
        _host.Changes.Create("eth3", 1, _none, null, false);
        _host.Forgets = settings => settings with { SpoofCheck = true, Mac = new PhysicalAddress(new byte[6]) };
        Assert.Equal(
            ["mac=52:54:00:00:00:01 was taken, but the driver shows 00:00:00:00:00:00", "spoofchk=off was taken, but the driver shows on"],
            _host.Changes.Set("eth3", 1, new VfChange { Mac = _mac, SpoofCheck = false, Vlan = 3 }));
    }

    [Theory]
    [InlineData("53:54:00:00:00:01")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("ff:ff:ff:ff:ff:ff")]
    public void Set_OfAMacThatIsNoStations_IsRefused(string mac) => Invalid(new VfChange { Mac = PhysicalAddress.Parse(mac) });

    [Theory]
    [InlineData(4095)]
    [InlineData(-1)]
    public void Set_OfAVlanThatCannotBe_IsRefused(int vlan) => Invalid(new VfChange { Vlan = vlan });

    [Fact]
    public void Set_OfAPriorityThatCannotBe_IsRefused() => Invalid(new VfChange { Priority = 8 });

    [Fact]
    public void Set_OfNothing_IsRefused() => Invalid(_none);

    [Fact]
    public void Settings_OfADeviceWithoutNetwork_AreRefused()
    {
        using FakeHost disk = new(network: null);
        disk.Changes.Create(FakeHost.Card, 2, _none, null, false);
        Assert.Null(disk.State.Functions[0].Settings);
        Assert.Contains("no network interface", Refused(() => disk.Changes.Set(FakeHost.Card, 1, new VfChange { Vlan = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("no network interface", Refused(() => disk.Changes.Create(FakeHost.Card, 1, new VfChange { Vlan = 1 }, null, false)).Message, StringComparison.Ordinal);
        disk.Changes.Create(FakeHost.Card, 1, _none, null, true);
        Assert.Equal(3, disk.State.Functions.Count);
    }

    [Fact]
    public void TwoAtATime_OnOneDevice_AreRefused()
    {
        HostFunctionException? error = null;
        _host.Refuse = words =>
        {
            _host.Refuse = null;
            error = Refused(() => _host.Changes.Create("eth3", 1, _none, null, false));
        };
        _host.Changes.Create("eth3", 2, _none, null, false);
        Assert.Equal(ControlErrorKind.Held, error!.Kind);
        Assert.Contains("viaduct sriov", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, _host.State.Functions.Count);
    }

    private void Invalid(VfChange change)
    {
        _host.Changes.Create("eth3", 1, _none, null, false);
        _host.Log.Clear();
        Assert.Equal(ControlErrorKind.Invalid, Refused(() => _host.Changes.Set("eth3", 1, change)).Kind);
        Assert.Empty(_host.Log);
    }

    private static HostFunctionException Refused(Action action) => Assert.Throws<HostFunctionException>(action);

    private static void Throw(bool now)
    {
        const int EINVAL = 22;
        if (now)
        {
            throw new HostException("write", EINVAL);
        }
    }
}
