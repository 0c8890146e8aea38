using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Tests;

/// <summary>A device in memory, assigned to a machine without processors.</summary>
public sealed unsafe class AssignedFunctionTests : IDisposable
{
    private const int MsixControl = 2;
    private readonly FakeMachine _machine = new();
    private readonly FakeDevice _device = new();
    private AssignedFunction? _assigned;

    public void Dispose()
    {
        if (_assigned is not null)
        {
            if (_assigned.Function.Bus is not null)
            {
                _machine.Port.Remove(_assigned.Function);
            }

            _assigned.Dispose();
        }

        _device.Dispose();
        _machine.Dispose();
    }

    [Fact]
    public void Identity_IsTheDevices()
    {
        PciFunction function = Assign();
        Assert.Equal(0x5678_1234u, function.ReadConfig(0, 4));
        Assert.Equal(0x0108_0203u, function.ReadConfig(8, 4));
        Assert.Equal(0x1100_1AF4u, function.ReadConfig(0x2C, 4));
        Assert.Equal(1u, function.ReadConfig(0x3D, 1));
    }

    [Fact]
    public void Capabilities_KeepTheDevicesPlaces_WhereTheyFit()
    {
        PciFunction function = Assign();
        Assert.Equal([(0x01, 0x40), (0x05, 0x48), (0x10, 0x60), (0x11, 0xB0), (0x09, 0xC0)], Capabilities(function));
    }

    [Fact]
    public void ExtendedCapabilities_HideWhatIsNotTheGuests()
    {
        PciFunction function = Assign();
        Assert.Equal(0x2002_0001u, function.ReadConfig(0x100, 4));
        Assert.Equal(0x0001_0003u, function.ReadConfig(0x200, 4));
        Assert.Equal(0x4433_2211u, function.ReadConfig(0x204, 4));
    }

    [Fact]
    public void Express_SaysWhatTheDeviceSaysOfItsLink_AndCanBeReset()
    {
        PciFunction function = Assign();
        Assert.Equal(0x84u, function.ReadConfig(0x6C, 4));
        Assert.NotEqual(0u, function.ReadConfig(0x64, 4) & (1 << 28));
    }

    [Fact]
    public void FunctionLevelReset_ResetsTheDeviceAndItsInterrupts()
    {
        PciFunction function = Assign();
        EnableMsix(function);
        Unmask(0);
        function.WriteConfig(0x68, 2, 0x8000);
        Assert.Equal(1, _device.Resets);
        Assert.DoesNotContain(_device.Targets.Keys, key => key.Kind == AssignedInterrupt.Msix);
        Assert.Equal(0u, function.ReadConfig(4, 2) & 4);
        Assert.Equal(3u, _device.Command & 7);
        Assert.Equal(2, _device.Maps.Count);
    }

    [Fact]
    public void Command_PassesBusMasteringOn_AndKeepsDecodeAtTheDevice()
    {
        PciFunction function = Assign();
        Assert.Equal(7u, _device.Command & 7);
        function.WriteConfig(4, 2, 2);
        Assert.Equal(3u, _device.Command & 7);
        function.WriteConfig(4, 2, 0);
        Assert.Equal(3u, _device.Command & 7);
        Assert.Equal(uint.MaxValue, _machine.Read(FakeMachine.Bar0));
    }

    [Fact]
    public void PowerState_TakesBusMasteringAway()
    {
        PciFunction function = Assign();
        function.WriteConfig(0x44, 2, 3);
        Assert.Equal(0u, _device.Command & 4);
        Assert.Equal(uint.MaxValue, _machine.Read(FakeMachine.Bar0));
        function.WriteConfig(0x44, 2, 0);
        Assert.Equal(4u, _device.Command & 4);
    }

    [Fact]
    public void VendorSpecificRegisters_AreTheDevices()
    {
        PciFunction function = Assign();
        _device.Put(FakeDevice.VendorSpecific + 4, 0x78, 0x56, 0x34, 0x12);
        Assert.Equal(0x1234_5678u, function.ReadConfig(FakeDevice.VendorSpecific + 4, 4));
        Assert.Equal(0xAA10_0009u, function.ReadConfig(FakeDevice.VendorSpecific, 4));
        function.WriteConfig(FakeDevice.VendorSpecific + 8, 2, 0xBEEF);
        Assert.Equal([0xEF, 0xBE], _device.Config[(FakeDevice.VendorSpecific + 8)..(FakeDevice.VendorSpecific + 10)]);
        function.WriteConfig(FakeDevice.VendorSpecific, 4, 0x5500_0000);
        Assert.Equal(0x55, _device.Config[FakeDevice.VendorSpecific + 3]);
        Assert.Equal(0x09, _device.Config[FakeDevice.VendorSpecific]);
    }

    [Fact]
    public void Registers_AreCarriedOutAtTheDevice()
    {
        Assign();
        _machine.Memory.Write(FakeMachine.Bar0 + 0x14, 4, 0x0102_0304);
        Assert.Contains(_device.Writes, write => write is { Region: 0, Offset: 0x14, Data: [4, 3, 2, 1] });
        Assert.Equal(0x0102_0304UL, _machine.Read(FakeMachine.Bar0 + 0x14));
        Assert.True(_machine.Counters.Read().Exits >= 2);
    }

    [Fact]
    public void Region_OfAnySize_IsAtTheStartOfABar()
    {
        _device.Resize(2, 0x3000);
        PciFunction function = Assign();
        Assert.Equal(0x4000UL, function.Bars[1].Size);
        Assert.Equal(AccessStatus.Done, _machine.Memory.Write(FakeMachine.Bar2 + 0x2FFC, 4, 0x1234));
        Assert.Equal(0x1234UL, _machine.Read(FakeMachine.Bar2 + 0x2FFC));
        Assert.Equal(AccessStatus.NoResponse, _machine.Memory.Write(FakeMachine.Bar2 + 0x2FFE, 4, 7));
        Assert.Equal(uint.MaxValue, (uint)_machine.Read(FakeMachine.Bar2 + 0x3000));
    }

    [Fact]
    public void Rom_IsSeenWhileItIsEnabled()
    {
        const uint Address = 0xC008_0000;
        PciFunction function = Assign();
        function.WriteConfig(0x30, 4, 0xFFFF_F800);
        Assert.Equal(0xFFFF_F000u, function.ReadConfig(0x30, 4));
        function.WriteConfig(0x30, 4, Address);
        Assert.Equal(0xFFUL, _machine.Read(Address, 1));
        function.WriteConfig(0x30, 4, Address | 1);
        Assert.Equal(0x55UL, _machine.Read(Address, 1));
        Assert.Equal(AccessStatus.NoResponse, _machine.Memory.Write(Address, 1, 7));
    }

    [Fact]
    public void Areas_AreMemoryOnceMessagesAreUsed()
    {
        PciFunction function = Assign();
        Assert.Null(RangeAt(FakeMachine.Bar0 + FakeDevice.MemoryPage).Memory);
        Assert.Null(RangeAt(FakeMachine.Bar2).Memory);
        EnableMsix(function);
        Assert.Same(_device.Shared, RangeAt(FakeMachine.Bar0 + FakeDevice.MemoryPage).Memory);
        Assert.Equal(0x2000UL, RangeAt(FakeMachine.Bar2).Length);
        Assert.Equal(FakeDevice.MemoryPage, RangeAt(FakeMachine.Bar0 + FakeDevice.MemoryPage).MemoryOffset);
        function.WriteConfig(0xB0 + MsixControl, 2, 0);
        Assert.Null(RangeAt(FakeMachine.Bar2).Memory);
    }

    [Fact]
    public void PageWithTable_HasTheTableHere_AndItsNeighboursAtTheDevice()
    {
        EnableMsix(Assign());
        const ulong Table = FakeMachine.Bar0 + FakeDevice.TablePage;
        _machine.Memory.Write(Table, 4, 0xFEE0_1000);
        Assert.Equal(0xFEE0_1000UL, _machine.Read(Table));
        Assert.DoesNotContain(_device.Writes, write => write is { Region: 0, Offset: FakeDevice.TablePage });
        _machine.Memory.Write(Table + 0x40, 4, 0x77);
        Assert.Contains(_device.Writes, write => write is { Region: 0, Offset: FakeDevice.TablePage + 0x40, Data: [0x77, 0, 0, 0] });
    }

    [Fact]
    public void Vector_IsConnectedWhenItIsFirstUnmasked_AndStaysSo()
    {
        PciFunction function = Assign();
        EnableMsix(function);
        Assert.DoesNotContain(_device.Targets.Keys, key => key.Kind == AssignedInterrupt.Msix);
        Unmask(2);
        _device.Targets[(AssignedInterrupt.Msix, 2)].Signal();
        Assert.Equal((0xFEE0_0000UL, 0x42u), _machine.NextMessage());
        Mask(2);
        int requests = _device.Requests.Count;
        _device.Targets[(AssignedInterrupt.Msix, 2)].Signal();
        WaitPending(2);
        Assert.Equal(0, _machine.WaitingMessages);
        _machine.Memory.Write(Entry(2) + 12, 4, 0);
        Assert.Equal((0xFEE0_0000UL, 0x42u), _machine.NextMessage());
        Assert.Equal(requests, _device.Requests.Count);
    }

    [Fact]
    public void VectorsThatAreUnmaskedBeforeEnabling_AreConnectedInOneRequest()
    {
        PciFunction function = Assign();
        for (int vector = 1; vector < FakeDevice.Vectors; vector++)
        {
            Unmask(vector);
        }

        _device.Requests.Clear();
        EnableMsix(function);
        Assert.Contains((AssignedInterrupt.Msix, 1, 3), _device.Requests);
        Assert.Single(_device.Requests, request => request.Kind == AssignedInterrupt.Msix);
        function.WriteConfig(0xB0 + MsixControl, 2, 0);
        Assert.Contains((AssignedInterrupt.Msix, 0, 0), _device.Requests);
    }

    [Fact]
    public void Msi_IsConnectedForAsManyAsTheGuestEnabled()
    {
        PciFunction function = Assign();
        function.WriteConfig(0x4C, 4, 0xFEE0_0000);
        function.WriteConfig(0x54, 2, 0x30);
        function.WriteConfig(0x4A, 2, 0x11);
        _device.Targets[(AssignedInterrupt.Msi, 1)].Signal();
        Assert.Equal((0xFEE0_0000UL, 0x31u), _machine.NextMessage());
        Assert.DoesNotContain(_device.Targets.Keys, key => key.Kind == AssignedInterrupt.Intx);
    }

    [Fact]
    public void Pin_IsAssertedUntilTheGuestTouchesTheDevice()
    {
        Assign();
        _device.Targets[(AssignedInterrupt.Intx, 0)].Signal();
        FakeLine line = _machine.Lines[1];
        Assert.True(line.WaitAsserted());
        Assert.Equal(0, _device.Unmasks);
        _ = _machine.Read(FakeMachine.Bar2 + 0x10);
        Assert.False(line.Asserted);
        Assert.Equal(1, _device.Unmasks);
    }

    [Fact]
    public void PinDisabled_NeedsNoTraps()
    {
        PciFunction function = Assign();
        function.WriteConfig(4, 2, 0x406);
        Assert.NotNull(RangeAt(FakeMachine.Bar2).Memory);
        Assert.DoesNotContain(_device.Targets.Keys, key => key.Kind == AssignedInterrupt.Intx);
    }

    [Fact]
    public void Doorbell_Armed_LeavesTheValueAndSignals_AndIsNoExit()
    {
        EnableMsix(Assign());
        long exits = _machine.Counters.Read().Exits;
        _machine.Memory.Write(FakeMachine.Bar0 + FakeDevice.DoorbellPage + 8, 4, 0x1234);
        Assert.True(_device.Doorbell.TryConsume());
        Assert.Equal(0x1234u, *(uint*)(_device.Shared.Pointer + FakeDevice.DoorbellPage + 8));
        Assert.Equal(exits, _machine.Counters.Read().Exits);
        Assert.Equal(1, _machine.Counters.Read().Doorbells);
    }

    [Fact]
    public void Doorbell_Disarmed_IsMemory_AndArmingWaitsForTheProcessors()
    {
        EnableMsix(Assign());
        _device.Trapper!.SetArmed(false);
        FlatRange range = RangeAt(FakeMachine.Bar0 + FakeDevice.DoorbellPage);
        Assert.Same(_device.Shared, range.Memory);
        Assert.Equal(FakeDevice.DoorbellPage, range.MemoryOffset + (FakeMachine.Bar0 + FakeDevice.DoorbellPage - range.Start));
        int before = _machine.Synchronizations;
        _device.Trapper.SetArmed(true);
        Assert.Equal(before + 1, _machine.Synchronizations);
        Assert.Null(RangeAt(FakeMachine.Bar0 + FakeDevice.DoorbellPage).Memory);
    }

    [Fact]
    public void Memory_IsTheDevicesAsItIsTheGuests()
    {
        Assign();
        Assert.Equal((_machine.Ram, 0UL, FakeMachine.LowRam, true), _device.Maps[0]);
        Assert.Equal((_machine.Ram, FakeMachine.LowRam, FakeMachine.LowRam, true), _device.Maps[FakeMachine.HighRam]);
        using HostMemory more = new("more", 0x4000);
        Mapping mapping = _machine.Memory.MapMemory("more", 0x2_0000_0000, more, 0x1000, 0x2000, readOnly: true);
        Assert.Equal((more, 0x1000UL, 0x2000UL, false), _device.Maps[0x2_0000_0000]);
        mapping.Dispose();
        Assert.Equal(2, _device.Maps.Count);
    }

    [Fact]
    public void MemoryThatCannotBeMapped_IsNoDeviceForThisGuest()
    {
        using FakeDevice device = new() { RefusesDma = true };
        Assert.Throws<AssignedDeviceException>(() => _machine.New(device));
    }

    [Fact]
    public void LostDevice_AnswersNothing()
    {
        PciFunction function = Assign();
        _device.Lose();
        Assert.Equal(uint.MaxValue, _machine.Read(FakeMachine.Bar0 + 0x14));
        Assert.Equal(AccessStatus.NoResponse, _machine.Memory.Write(FakeMachine.Bar0 + 0x14, 4, 1));
        Assert.Equal(uint.MaxValue, function.ReadConfig(FakeDevice.VendorSpecific + 4, 4));
        _machine.Port.Remove(function);
        Assert.Equal(uint.MaxValue, _machine.Root.ReadConfig(1, 0, 0, 4));
    }

    [Fact]
    public void Dispose_TakesMemoryAndInterruptsFromTheDevice()
    {
        EnableMsix(Assign());
        Unmask(1);
        _machine.Port.Remove(_assigned!.Function);
        _assigned.Dispose();
        Assert.Empty(_device.Maps);
        Assert.Empty(_device.Targets);
        Assert.Equal(0u, _device.Command);
        Assert.Null(_device.Trapper);
    }

    [Theory]
    [InlineData(0x0E, 0x01)]
    [InlineData(0x00, 0xFF, 0xFF, 0xFF, 0xFF)]
    [InlineData(0xB4, 0x06)]
    [InlineData(0xB4, 0xF0, 0x7F)]
    [InlineData(0xB8, 0x08, 0x30)]
    public void ImpossibleConfiguration_IsRefused(int offset, params int[] bytes)
    {
        using FakeDevice device = new();
        device.Put(offset, [.. bytes.Select(value => (byte)value)]);
        Assert.Throws<AssignedDeviceException>(() => _machine.New(device));
    }

    [Fact]
    public void CapabilitiesInARing_EndSomewhere()
    {
        _device.Put(FakeDevice.VendorSpecific + 1, 0x40);
        Assert.Equal(5, Capabilities(Assign()).Count);
    }

    private static List<(int Id, int Offset)> Capabilities(PciFunction function)
    {
        List<(int, int)> found = [];
        for (int at = (int)function.ReadConfig(0x34, 1); at != 0; at = (int)function.ReadConfig(at + 1, 1))
        {
            found.Add(((int)function.ReadConfig(at, 1), at));
        }

        return found;
    }

    private static void EnableMsix(PciFunction function) => function.WriteConfig(0xB0 + MsixControl, 2, 0x8000);

    private static ulong Entry(int vector) => FakeMachine.Bar0 + FakeDevice.TablePage + ((ulong)vector * 16);

    private PciFunction Assign() => (_assigned = _machine.Assign(_device)).Function;

    private FlatRange RangeAt(ulong address) => _machine.Memory.Current.Find(address)!;

    private void Unmask(int vector)
    {
        _machine.Memory.Write(Entry(vector), 4, 0xFEE0_0000);
        _machine.Memory.Write(Entry(vector) + 8, 4, 0x40 + (ulong)vector);
        _machine.Memory.Write(Entry(vector) + 12, 4, 0);
    }

    private void Mask(int vector) => _machine.Memory.Write(Entry(vector) + 12, 4, 1);

    private void WaitPending(int vector) =>
        Assert.True(SpinWait.SpinUntil(() => (_machine.Read(FakeMachine.Bar0 + FakeDevice.PendingPage, 8) >> vector & 1) != 0, TimeSpan.FromSeconds(30)));
}
