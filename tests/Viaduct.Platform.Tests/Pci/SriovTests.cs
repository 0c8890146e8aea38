using Viaduct.Platform.Accounting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class SriovTests : IDisposable
{
    private const ulong VfBar = 0xC020_0000;
    private const ulong FirstRegister = 0x7000_0000;

    private readonly TestBoard _board = new();
    private readonly RootPort _port;
    private readonly TestVirtualFunctions _device;

    public SriovTests()
    {
        _port = _board.Root.AddRootPort(3);
        _device = new TestVirtualFunctions(_board.Root, 127);
        _port.Add(_device.Function);
        _board.BringUp();
        TestBoard.OpenPort(_port, bus: 3, memory: (uint)VfBar, prefetchable: 0x10_2000_0000, io: 0x3000);
        _port.Function.WriteConfig(0x20, 4, 0xC0F0_0000 | (uint)(VfBar >> 16));
        ForwardAri(true);
        _device.SetVfBar(VfBar);
    }

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Registers_AfterReset_SayWhatThereCanBe()
    {
        Assert.Equal(0x0001_0010u, Register(0) & 0xF_FFFF);
        Assert.Equal(0x007F_007Fu, Register(0x0C));
        Assert.Equal(0u, Register(0x10));
        Assert.Equal(0x0001_0001u, Register(0x14));
        Assert.Equal(0x0B1C_0000u, Register(0x18));
        Assert.Equal(0x553u, Register(0x1C));
        Assert.Equal(1u, Register(0x20));
    }

    [Fact]
    public void Enable_All127_AnswerOnThePhysicalFunctionsBus()
    {
        _device.WriteEnable(127, ari: true);
        Assert.Equal(127, _device.Sriov.Functions.Count);
        for (int i = 0; i < 127; i++)
        {
            Assert.Same(_device.Live[i], _board.Root.Find(3, 1 + i));
            Assert.Equal(0x0301 + i, _device.Live[i].Dma.RequesterId);
            ulong registers = VfBar + ((ulong)i * 0x4000);
            Assert.Equal(FirstRegister + ((ulong)i << 16) + 4, _board.Read(registers + 4));
        }

        Assert.Null(_board.Root.Find(3, 128));
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar + (127 * 0x4000)));
    }

    [Fact]
    public void Header_OfAVirtualFunction_IsWhatTheSpecificationLeaves()
    {
        _device.WriteEnable(2, ari: true);
        PciFunction function = _device.Live[1];
        Assert.Equal(0xFFFF_FFFFu, _board.Root.ReadConfig(3, 2, 0, 4));
        function.WriteConfig(0, 4, 0);
        Assert.Equal(0xFFFF_FFFFu, function.ReadConfig(0, 4));
        Assert.Equal(0x0108_0202u, function.ReadConfig(8, 4));
        Assert.Equal(0x1100_1AF4u, function.ReadConfig(0x2C, 4));
        function.WriteConfig(4, 2, 0xFFFF);
        Assert.Equal(0x0010_0004u, function.ReadConfig(4, 4));
        for (int offset = 0x0C; offset < 0x2C; offset += 4)
        {
            function.WriteConfig(offset, 4, uint.MaxValue);
            Assert.Equal(0u, function.ReadConfig(offset, 4));
        }

        function.WriteConfig(0x3C, 4, uint.MaxValue);
        Assert.Equal(0u, function.ReadConfig(0x3C, 4));
    }

    [Fact]
    public void Express_OfAVirtualFunction_KeepsItsResetOnly()
    {
        _device.WriteEnable(2, ari: true);
        PciFunction function = _device.Live[0];
        int express = (int)function.ReadConfig(0x34, 1);
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        function.WriteConfig(express + 8, 2, 0x7FFF);
        Assert.Equal(0u, function.ReadConfig(express + 8, 2));
        _device.Live[1].WriteConfig(4, 2, TestBoard.BusMaster);
        function.WriteConfig(express + 8, 2, 0x8000);
        Assert.Equal(1, _device.Resets[0]);
        Assert.Equal(0, _device.Resets[1]);
        Assert.False(function.Dma.Granted);
        Assert.True(_device.Live[1].Dma.Granted);
        Assert.Equal(FirstRegister, _board.Read(VfBar));
        Assert.Null(_device.LiveAtReset);
    }

    [Fact]
    public void Mastering_IsTheFunctionsOwnAndTheBridges()
    {
        _device.WriteEnable(2, ari: true);
        PciFunction function = _device.Live[0];
        Assert.False(function.Dma.Granted);
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        Assert.True(function.Dma.Granted);
        Assert.False(_device.Function.Dma.Granted);
        Assert.False(_device.Live[1].Dma.Granted);
        _port.Function.WriteConfig(4, 2, TestBoard.MemorySpace);
        Assert.False(function.Dma.Granted);
        _port.Function.WriteConfig(4, 2, TestBoard.MemorySpace | TestBoard.BusMaster);
        _device.Function.WriteConfig(_device.Power.Offset + 4, 2, 3);
        Assert.False(function.Dma.Granted);
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar));
    }

    [Fact]
    public void Memory_FollowsVfMemoryEnable_NotThePhysicalFunctions()
    {
        _device.WriteEnable(2, ari: true);
        Assert.Equal(0u, _device.Function.ReadConfig(4, 2));
        Assert.Equal(FirstRegister + 0x1_0000, _board.Read(VfBar + 0x4000));
        _device.Function.WriteConfig(_device.Sriov.Offset + 8, 2, TestVirtualFunctions.Enable | TestVirtualFunctions.Ari);
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar + 0x4000));
        _device.Function.WriteConfig(_device.Sriov.Offset + 8, 2, TestVirtualFunctions.Enable | TestVirtualFunctions.MemoryEnable);
        _device.SetVfBar(VfBar + 0x10_0000);
        Assert.Equal(FirstRegister + 0x1_0000, _board.Read(VfBar + 0x10_4000));
        _port.Function.WriteConfig(0x20, 4, 0x0000_FFF0);
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar + 0x10_4000));
    }

    [Fact]
    public void VfBar_Sizing_ShowsOneFunctionsAperture_AndFollowsThePageSize()
    {
        _device.SetVfBar(ulong.MaxValue);
        Assert.Equal(0xFFFF_C004u, Register(0x24));
        Assert.Equal(0xFFFF_FFFFu, Register(0x28));
        Write(0x20, 4, 0x10);
        Assert.Equal(0x10u, Register(0x20));
        _device.SetVfBar(ulong.MaxValue);
        Assert.Equal(0xFFFF_0004u, Register(0x24));
        Write(0x20, 4, 0x11);
        Write(0x20, 4, 4);
        Assert.Equal(0x10u, Register(0x20));
        _device.SetVfBar(VfBar + 0x1234);
        _device.WriteEnable(3, ari: true);
        Assert.Equal(FirstRegister + 0x2_0000, _board.Read(VfBar + 0x2_0000));
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar + 0x4000));
        Write(0x20, 4, 1);
        Assert.Equal(0x10u, Register(0x20));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(127, 127)]
    [InlineData(128, 0)]
    [InlineData(0xFFFF, 0)]
    public void NumVfs_BeyondTotal_MakesNone(int asked, int made)
    {
        _device.WriteEnable(asked, ari: true);
        Assert.Equal(made, _device.Sriov.Functions.Count);
        Assert.True(_device.Sriov.Enabled);
        Write(0x10, 2, 5);
        Assert.Equal(asked, _device.Sriov.NumVfs);
        _device.WriteDisable();
        Assert.Equal(made, _device.Removed);
        Write(0x10, 2, 5);
        Assert.Equal(5, _device.Sriov.NumVfs);
    }

    [Fact]
    public void Disable_RevokesAndUnmapsBeforeTheDeviceIsTold()
    {
        _device.WriteEnable(4, ari: true);
        PciFunction function = _device.Live[2];
        MsixCapability vectors = _device.Vectors[function];
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        function.WriteConfig(vectors.Offset + 2, 2, 0x8000);
        _board.Memory.Write(VfBar + (2 * 0x4000) + 0x200C, 4, 0);
        vectors.Signal(0);
        Assert.Single(_board.Msi.Messages);
        _device.WriteDisable();
        Assert.True(_device.RemovedCleanly);
        Assert.Equal(4, _device.Removed);
        Assert.Empty(_device.Sriov.Functions);
        Assert.Null(_board.Root.Find(3, 3));
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar));
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        vectors.Signal(0);
        Assert.False(function.Dma.Granted);
        Assert.Single(_board.Msi.Messages);
    }

    [Theory]
    [InlineData("function")]
    [InlineData("bus")]
    [InlineData("system")]
    [InlineData("pulled")]
    public void Reset_TakesAllAway_BeforeThePhysicalDeviceHears(string kind)
    {
        _device.WriteEnable(5, ari: true);
        switch (kind)
        {
            case "function":
                _device.Function.WriteConfig(_device.Express.Offset + 8, 2, 0x8000);
                break;
            case "bus":
                _port.Function.WriteConfig(0x3E, 2, 0x40);
                break;
            case "system":
                _board.Root.SystemReset();
                break;
            default:
                _port.Remove(_device.Function);
                break;
        }

        Assert.Equal(5, _device.Removed);
        Assert.True(_device.RemovedCleanly);
        Assert.Equal(kind == "pulled" ? null : 0, _device.LiveAtReset);
        Assert.Null(_board.Root.Find(3, 1));
        Assert.Equal(0xFFFF_FFFF, _board.Read(VfBar));
        if (kind != "pulled")
        {
            Assert.False(_device.Sriov.Enabled);
            Write(0x10, 2, 3);
            Assert.Equal(3, _device.Sriov.NumVfs);
        }
    }

    [Fact]
    public void RequesterId_FollowsTheBusNumber()
    {
        _device.WriteEnable(3, ari: true);
        _port.Function.WriteConfig(0x18, 4, 0x0007_0700);
        Assert.Equal(0x0703, _device.Live[2].Dma.RequesterId);
        Assert.Same(_device.Live[2], _board.Root.Find(7, 3));
        Assert.Null(_board.Root.Find(3, 3));
    }

    [Fact]
    public void WithoutAriForwarding_OnlyDevice0IsReached()
    {
        ForwardAri(false);
        _device.WriteEnable(10);
        Assert.Same(_device.Live[6], _board.Root.Find(3, 7));
        Assert.Null(_board.Root.Find(3, 8));
        ForwardAri(true);
        Assert.Same(_device.Live[7], _board.Root.Find(3, 8));
    }

    [Fact]
    public void OtherBuses_AreReachedWhileTheBridgeLeadsThere()
    {
        RootPort port = _board.Root.AddRootPort(4);
        SriovOptions options = new()
        {
            TotalVfs = 8,
            VfDeviceId = 1,
            FirstVfOffset = 128,
            VfStride = 2,
            FirstVfOffsetWithoutAri = 384,
            VfStrideWithoutAri = 64,
        };
        TestVirtualFunctions device = new(_board.Root, 8, options);
        port.Add(device.Function);
        TestBoard.OpenPort(port, bus: 8, memory: 0xC0F0_0000, prefetchable: 0x10_3000_0000, io: 0x4000);
        port.Function.WriteConfig(0x1A, 1, 10);
        Assert.Equal(0x0040_0180u, device.Function.ReadConfig(device.Sriov.Offset + 0x14, 4));
        device.WriteEnable(8);
        Assert.Same(device.Live[0], _board.Root.Find(9, 128));
        Assert.Same(device.Live[2], _board.Root.Find(10, 0));
        Assert.Null(_board.Root.Find(11, 0));
        Assert.Null(_board.Root.Find(9, 129));
        device.Live[0].WriteConfig(4, 2, TestBoard.BusMaster);
        Assert.True(device.Live[0].Dma.Granted);
        Assert.Equal(0x0980, device.Live[0].Dma.RequesterId);
        port.Function.WriteConfig(0x1A, 1, 8);
        Assert.Null(_board.Root.Find(9, 128));
        Assert.False(device.Live[0].Dma.Granted);
        device.WriteDisable();
        device.Function.WriteConfig(device.Sriov.Offset + 8, 2, TestVirtualFunctions.Ari);
        Assert.Equal(0x0002_0080u, device.Function.ReadConfig(device.Sriov.Offset + 0x14, 4));
    }

    [Fact]
    public void Firmware_MakesRoomForAllFunctionsAndTheirBuses()
    {
        using TestBoard board = new();
        SriovOptions options = new() { TotalVfs = 100, VfDeviceId = 1, FirstVfOffsetWithoutAri = 384 };
        TestVirtualFunctions device = new(board.Root, 100, options);
        RootPort port = board.Root.AddRootPort(3);
        port.Add(device.Function);
        RootPort last = board.Root.AddRootPort(4);
        PciWindows windows = new()
        {
            Memory32Start = 0xC000_0000,
            Memory32Length = 0x1000_0000,
            Memory64Start = 0x40_0000_0000,
            Memory64Length = 0x10_0000_0000,
            IoStart = 0x1000,
            IoLength = 0xF000,
        };
        Assert.True(PciFirmware.Assign(board.Root, windows));
        Assert.Equal(0x0004_0300u, port.Function.ReadConfig(0x18, 4));
        Assert.Equal(0x0005_0500u, last.Function.ReadConfig(0x18, 4));
        device.WriteEnable(100);
        uint bar = device.Function.ReadConfig(device.Sriov.Offset + 0x24, 4) & ~0xFu;
        Assert.Equal(FirstRegister + (99 << 16), board.Read(bar + (99 * 0x4000)));
        Assert.Same(device.Live[99], board.Root.Find(4, 128 + 99));
    }

    [Fact]
    public void FunctionThatCannotBeMade_IsMissing_TheOthersAreThere()
    {
        _device.CanCreate = index => index != 1;
        _device.WriteEnable(3, ari: true);
        Assert.Equal(2, _device.Sriov.Functions.Count);
        Assert.Null(_device.Sriov.Find(1));
        Assert.Null(_board.Root.Find(3, 2));
        Assert.Same(_device.Live[2], _board.Root.Find(3, 3));
        _device.WriteDisable();
        Assert.Equal(2, _device.Removed);
    }

    [Fact]
    public void EnableAndDisable_ByTheHost_DoWhatTheDriverDoes()
    {
        int changes = 0;
        _device.Sriov.Changed += () => changes++;
        _device.Sriov.Enable(6);
        Assert.Equal(6, _device.Sriov.Functions.Count);
        Assert.Equal(FirstRegister, _board.Read(VfBar));
        Assert.Throws<InvalidOperationException>(() => _device.Sriov.Enable(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => _device.Sriov.Enable(128));
        _device.Sriov.Disable();
        _device.Sriov.Disable();
        Assert.Empty(_device.Sriov.Functions);
        Assert.Equal(2, changes);
        Assert.Equal(0, _device.Sriov.NumVfs);
    }

    [Fact]
    public void Alone_EachIsAnOrdinaryFunctionWithTheViewItsHostGave()
    {
        DmaTarget dma = new(new GuestMemory(_board.Memory), _board.Msi, new DeviceCounters("pf", Road.Shared));
        TestVirtualFunctions device = new(dma, 4);
        device.Sriov.Enable(2);
        Assert.Empty(device.Sriov.Functions);
        device.Sriov.Disable();
        RecordingHost host = new(_board);
        device.Function.VirtualFunctionHost = host;
        device.WriteEnable(3);
        Assert.Equal(["+0", "+1", "+2"], host.Events);
        PciFunction function = device.Live[1];
        Assert.Equal(0x0B1C_1B36u, function.ReadConfig(0, 4));
        Assert.Equal(0u, function.ReadConfig(0x3D, 1));
        function.WriteConfig(0x10, 4, uint.MaxValue);
        function.WriteConfig(0x14, 4, uint.MaxValue);
        Assert.Equal(0xFFFF_C004u, function.ReadConfig(0x10, 4));
        function.Bars[0].Read(8, 4, out ulong value);
        Assert.Equal(FirstRegister + 0x1_0008, value);
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        Assert.True(function.Dma.Granted);
        Assert.Same(device.Sriov.CountersOf(1), function.Counters);
        device.WriteDisable();
        Assert.Equal(["+0", "+1", "+2", "-0", "-1", "-2"], host.Events);
        Assert.True(device.RemovedCleanly);
        Assert.False(function.Dma.Granted);
        Assert.Equal(Viaduct.Platform.AddressSpaces.AccessStatus.NoResponse, function.Bars[0].Read(8, 4, out _));
    }

    [Fact]
    public void TakenOver_TheyComeAndGoOneByOne_WhateverTheDriverDoes()
    {
        DmaTarget dma = new(new GuestMemory(_board.Memory), _board.Msi, new DeviceCounters("pf", Road.Shared));
        TestVirtualFunctions device = new(dma, 4);
        Assert.Throws<InvalidOperationException>(device.Sriov.TakeOver);
        RecordingHost host = new(_board);
        device.Function.VirtualFunctionHost = host;
        Assert.Throws<InvalidOperationException>(() => device.Sriov.TryAdd(0));
        device.Sriov.TakeOver();
        Assert.True(device.Sriov.TryAdd(2));
        Assert.True(device.Sriov.TryAdd(0));
        Assert.False(device.Sriov.TryAdd(2));
        Assert.Equal(["+2", "+0"], host.Events);
        PciFunction function = device.Sriov.Find(2)!;
        function.WriteConfig(4, 2, TestBoard.BusMaster);
        device.WriteEnable(3);
        device.WriteDisable();
        device.Function.SystemReset();
        Assert.False(device.Sriov.Enabled);
        Assert.Equal(0u, device.Function.ReadConfig(device.Sriov.Offset + 0x0C, 4));
        Assert.Equal([0, 2], device.Sriov.Functions.Select(each => each.VirtualIndex!.Value));
        Assert.True(function.Dma.Granted);
        Assert.True(device.Sriov.TryRemove(2));
        Assert.False(device.Sriov.TryRemove(2));
        Assert.False(function.Dma.Granted);
        Assert.Equal(Viaduct.Platform.AddressSpaces.AccessStatus.NoResponse, function.Bars[0].Read(8, 4, out _));
        Assert.Same(device.Sriov.Find(0), Assert.Single(device.Sriov.Functions));
        Assert.Equal(["+2", "+0", "-2"], host.Events);
        Assert.True(device.Sriov.TryAdd(2));
    }

    [Fact]
    public void Capabilities_OfALinkThatIsShared_AreThere()
    {
        _device.WriteEnable(1, ari: true);
        Assert.Equal([0x0Du, 0x01u], Extended(_port.Function));
        Assert.Equal([0x01u, 0x0Eu, 0x10u], Extended(_device.Function));
        Assert.Equal([0x0Eu, 0x01u], Extended(_device.Live[0]));
        _port.Function.WriteConfig(_port.Acs.Offset + 4, 4, uint.MaxValue);
        Assert.Equal(0x001F_001Fu, _port.Function.ReadConfig(_port.Acs.Offset + 4, 4));
        using TestDevice sibling = new(_board.Root, "sibling", 1);
        AriCapability last = sibling.Function.AddAri();
        _port.Secondary.Add(17, 3, sibling.Function);
        Assert.Equal(0x0000_8B00u, _device.Function.ReadConfig(_device.Ari0.Offset + 4, 4));
        Assert.Equal(0u, sibling.Function.ReadConfig(last.Offset + 4, 4));
    }

    private static List<uint> Extended(PciFunction function)
    {
        List<uint> ids = [];
        for (int offset = 0x100; offset != 0; offset = (int)(function.ReadConfig(offset, 4) >> 20))
        {
            ids.Add(function.ReadConfig(offset, 2));
        }

        return ids;
    }

    private void ForwardAri(bool on) =>
        _port.Function.WriteConfig(_port.Bridge.Express!.Offset + 0x28, 2, on ? 0x20u : 0);

    private uint Register(int offset) => _device.Function.ReadConfig(_device.Sriov.Offset + offset, 4);

    private void Write(int offset, int size, uint value) => _device.Function.WriteConfig(_device.Sriov.Offset + offset, size, value);

    private sealed class RecordingHost(TestBoard board) : IVirtualFunctionHost
    {
        public List<string> Events { get; } = [];

        public DmaTarget NewDmaTarget(int index, DeviceCounters counters) => new(new GuestMemory(board.Memory), board.Msi, counters);

        public void Added(int index, PciFunction function) => Events.Add($"+{index}");

        public void Removing(int index, PciFunction function) => Events.Add($"-{index}");
    }
}
