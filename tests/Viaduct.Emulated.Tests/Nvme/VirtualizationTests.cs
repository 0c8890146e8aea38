using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class VirtualizationTests
{
    private const uint Allocate = 1;
    private const uint Offline = 7;
    private const uint Assign = 8;
    private const uint Online = 9;

    [Fact]
    public void Capabilities_SayWhatIsPrivateAndFlexible()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        byte[] data = hosts.Primary.Identify(0x14);
        Assert.Equal(0, BinaryPrimitives.ReadUInt16LittleEndian(data));
        Assert.Equal(3, data[4]);
        foreach (int at in new[] { 32, 64 })
        {
            Assert.Equal(38u, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at)));
            Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(at + 4)));
            Assert.Equal(32, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at + 8)));
            Assert.Equal(33, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at + 10)));
            Assert.Equal(38, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at + 12)));
            Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(at + 14)));
        }
    }

    [Fact]
    public void SecondaryList_FollowsTheCommands()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        NvmeHost second = hosts.Add(2);
        Assert.Equal(3u, hosts.Primary.Success(hosts.Virtualize(2, Assign, 0, 3)));
        Assert.Equal(2u, hosts.Primary.Success(hosts.Virtualize(2, Assign, 1, 2)));
        hosts.Primary.Success(hosts.Virtualize(2, Online));
        byte[] list = hosts.Primary.Identify(0x15);
        Assert.Equal(2, list[0]);
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], list[32..46]);
        Assert.Equal([2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 3, 0, 2, 0], list[64..78]);

        byte[] rest = hosts.Primary.Identify(0x15 | (2 << 16));
        Assert.Equal(1, rest[0]);
        Assert.Equal(2, rest[32]);
        Assert.Equal(0, hosts.Primary.Identify(0x15 | (3 << 16))[0]);
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(hosts.Primary.Identify(0x14).AsSpan(36)));

        hosts.Primary.Success(hosts.Virtualize(2, Offline));
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0], hosts.Primary.Identify(0x15)[64..78]);
        hosts.Remove(second);
    }

    [Fact]
    public void OfflineController_NeverBecomesReady()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        NvmeHost first = hosts.Add(1);
        Assert.Equal(2u, first.Status);
        Assert.Equal(0u, (uint)(first.Read(NvmeRegister.Capabilities, 8) >> 24) & 0xFF);
        first.Write(NvmeRegister.AdminQueueAttributes, 0x001F_001F);
        first.Write(NvmeRegister.AdminSubmissionQueue, 0x10000, 8);
        first.Write(NvmeRegister.AdminCompletionQueue, 0x20000, 8);
        first.Write(NvmeRegister.Configuration, NvmeHost.Enabled());
        first.Pump();
        Assert.Equal(2u, first.Status);
        first.Write(NvmeRegister.Configuration, 0);
        first.Pump();
        Assert.Equal(2u, first.Status);
    }

    [Fact]
    public void OnlineController_WorksWithItsResources()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk, online: false);
        NvmeHost first = hosts.Add(1);
        hosts.Virtualize(1, Assign, 0, 2);
        hosts.Virtualize(1, Assign, 1, 2);
        hosts.Primary.Success(hosts.Virtualize(1, Online));
        Assert.Equal(0u, first.Status);
        first.Enable();
        Assert.Equal(0u, first.Success(first.Execute(first.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x0007_0007))));
        HostRing io = first.CreateQueues(1);
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, first.CreateCompletion(2, first.Allocate(4096), 16).Status);
        Assert.Equal(NvmeStatus.Success, SubsystemHosts.Write(first, io, 2, 0, 0xA5).Status);
        Assert.Equal(0xA5, disk.Bytes[1 << 20]);
        Assert.Equal(0, disk.Bytes[0]);
    }

    [Fact]
    public void VectorsBeyondItsResources_AreRefused()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        NvmeHost first = hosts.Add(1);
        hosts.Virtualize(1, Assign, 0, 3);
        hosts.Virtualize(1, Assign, 1, 2);
        hosts.Virtualize(1, Online);
        first.Enable();
        Assert.Equal(NvmeStatus.InvalidInterruptVector, first.CreateCompletion(1, first.Allocate(4096), 16, vector: 2).Status);
        Assert.Equal(NvmeStatus.Success, first.CreateCompletion(1, first.Allocate(4096), 16, vector: 1).Status);
    }

    [Fact]
    public void GoingOffline_InMidInput_WaitsForTheDisk()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        disk.Hold = true;
        first.Submit(io, new Command(IoOpcode.Read, 2) { Data1 = first.Allocate(4096) }.WithBlocks(0, 1));
        first.Pump();
        Command offline = new(AdminOpcode.VirtualizationManagement);
        offline[10] = Offline | (1 << 16);
        hosts.Primary.Submit(hosts.Primary.Admin, offline);
        hosts.Primary.Pump();
        Assert.False(hosts.Primary.IsThere(hosts.Primary.Admin));
        disk.Hold = false;
        hosts.Primary.Pump();
        Assert.Equal(NvmeStatus.Success, hosts.Primary.Take(hosts.Primary.Admin).Status);
        Assert.Equal(2u, first.Status);
        Assert.False(first.TryTake(io, out _));
    }

    [Fact]
    public void Mistakes_HaveTheirStatus()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        hosts.Add(1);
        Assert.Equal(NvmeStatus.InvalidControllerIdentifier, hosts.Virtualize(0, Assign, 0, 1).Status);
        Assert.Equal(NvmeStatus.InvalidControllerIdentifier, hosts.Virtualize(3, Online).Status);
        Assert.Equal(NvmeStatus.InvalidControllerIdentifier, hosts.Virtualize(1, Allocate, 0, 1).Status);
        Assert.Equal(NvmeStatus.InvalidSecondaryState, hosts.Virtualize(1, Online).Status);
        Assert.Equal(NvmeStatus.InvalidNumberOfResources, hosts.Virtualize(1, Assign, 0, 39).Status);
        Assert.Equal(NvmeStatus.InvalidResourceIdentifier, hosts.Virtualize(1, Assign, 0, 7).Status);
        Assert.Equal(NvmeStatus.InvalidResourceIdentifier, hosts.Virtualize(1, Assign, 2, 1).Status);
        Assert.Equal(NvmeStatus.InvalidNumberOfResources, hosts.Virtualize(0, Allocate, 0, 33).Status);
        Assert.Equal(NvmeStatus.InvalidField, hosts.Virtualize(1, 3).Status);
        hosts.Virtualize(1, Assign, 0, 1);
        hosts.Virtualize(1, Assign, 1, 1);
        Assert.Equal(NvmeStatus.InvalidSecondaryState, hosts.Virtualize(1, Online).Status);
        hosts.Virtualize(1, Assign, 0, 2);
        Assert.Equal(NvmeStatus.Success, hosts.Virtualize(1, Online).Status);
        Assert.Equal(NvmeStatus.InvalidSecondaryState, hosts.Virtualize(1, Assign, 0, 2).Status);
        // A controller whose function isn't there can't be used.
        hosts.Virtualize(2, Assign, 0, 2);
        hosts.Virtualize(2, Assign, 1, 2);
        Assert.Equal(NvmeStatus.InvalidSecondaryState, hosts.Virtualize(2, Online).Status);
    }

    [Fact]
    public void WhatThePrimaryGivesUp_IsThereAfterItsReset()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        hosts.Primary.Success(hosts.Virtualize(0, Allocate, 0, 10));
        Assert.Equal(NvmeStatus.InvalidResourceIdentifier, hosts.Virtualize(1, Assign, 0, 20).Status);
        hosts.Primary.Disable();
        hosts.Primary.Enable();
        Assert.Equal(10, BinaryPrimitives.ReadUInt16LittleEndian(hosts.Primary.Identify(0x14).AsSpan(40)));
        Assert.Equal(0x0029_0029u, hosts.Primary.Success(hosts.Primary.Execute(hosts.Primary.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 7))));
        Assert.Equal(NvmeStatus.Success, hosts.Virtualize(1, Assign, 0, 20).Status);
        // Now the primary can't have them back.
        Assert.Equal(NvmeStatus.InvalidResourceIdentifier, hosts.Virtualize(0, Allocate, 0, 19).Status);
    }

    [Fact]
    public void SecondaryController_ManagesNothing()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out _);
        byte[] data = first.Identify(1);
        Assert.Equal(6, data[76]);
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(78)));
        Assert.Equal(0x102, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(256)));
        foreach (AdminOpcode opcode in new[] { AdminOpcode.VirtualizationManagement, AdminOpcode.NamespaceManagement, AdminOpcode.NamespaceAttachment })
        {
            first.Fails(NvmeStatus.InvalidOpcode, first.Admin, new Command(opcode));
        }

        foreach (uint structure in new uint[] { 0x14, 0x15 })
        {
            Command command = new(AdminOpcode.Identify) { Data1 = first.Allocate(4096) };
            command[10] = structure;
            first.Fails(NvmeStatus.InvalidField, first.Admin, command);
        }

        // It sees itself and what it has, and nothing of the others.
        Assert.Equal([2u], SubsystemHosts.Ids(first, 0x02));
        Assert.Equal([2u], SubsystemHosts.Ids(first, 0x10));
        Assert.Equal(0x0001_0001u, BinaryPrimitives.ReadUInt32LittleEndian(first.Identify(0x13)));
        Assert.Equal(new byte[4096], first.Identify(0x11, 1));
        Assert.Equal(0x8Au | (1 << 8), BinaryPrimitives.ReadUInt16LittleEndian(hosts.Primary.Identify(1).AsSpan(256)));
    }

    [Fact]
    public void AFunctionThatGoes_GivesItsResourcesBack_UnlessTheConfigurationGaveThem()
    {
        foreach (bool auto in new[] { false, true })
        {
            using SubsystemHosts hosts = SubsystemHosts.Private(out _, auto);
            NvmeHost first = hosts.Add(1);
            hosts.Virtualize(1, Offline);
            hosts.Virtualize(1, Assign, 0, 2);
            hosts.Virtualize(1, Assign, 1, 2);
            hosts.Primary.Success(hosts.Virtualize(1, Online));
            hosts.Remove(first);
            NvmeControllerInfo info = hosts.Subsystem.Controllers[1];
            Assert.Equal(auto, info.Online);
            Assert.Equal(auto ? 2 : 0, info.Queues);
        }
    }

    [Fact]
    public void HostSide_SwitchesControllers()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _, online: false);
        NvmeHost first = hosts.Add(1);
        Assert.True(hosts.Subsystem.TrySetOnline(1, online: true));
        first.Pump();
        first.Enable();
        NvmeControllerInfo info = hosts.Subsystem.Controllers[1];
        Assert.Equal((true, true, 3, 3), (info.Online, info.Present, info.Queues, info.Vectors));
        Assert.Equal([2u], info.Namespaces);
        Assert.True(hosts.Subsystem.TrySetOnline(1, online: false));
        first.Pump();
        Assert.Equal(2u, first.Status);
    }

    [Fact]
    public void Reset_OfOne_TouchesNoOther()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing one);
        NvmeHost second = hosts.AddReady(2, out HostRing two);
        hosts.Primary.Disable();
        Assert.Equal(1u, first.Status);
        first.Disable();
        Assert.Equal(NvmeStatus.Success, SubsystemHosts.Write(second, two, 3, 0, 1).Status);
        Assert.Equal(1u, second.Status);
        Assert.False(first.TryTake(one, out _));
    }

    [Fact]
    public void Subsystem_ThatMakesNoSense_IsRefused()
    {
        MemoryDisk disk = new(4 << 20);
        NvmeNamespaceOptions part = new() { Disk = disk, Offset = 4096, Length = 1 << 20 };
        Refused([]);
        Refused([part, part with { Offset = 1 << 20 }]);
        Refused([part with { Offset = 512 }]);
        Refused([part with { Length = 4 << 20 }]);
        Refused([part with { Length = 0 }]);
        Refused([part with { Controllers = [0, 1] }]);
        Refused([part with { Controllers = [3] }]);
        Refused([new NvmeNamespaceOptions { Disk = disk }, part]);
        Assert.Throws<ArgumentOutOfRangeException>(() => NvmeNamespaceOptions.Divide(disk, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NvmeSubsystem(SubsystemHosts.Options([part], true, virtualFunctions: 128)));
    }

    private static void Refused(IReadOnlyList<NvmeNamespaceOptions> namespaces) =>
        Assert.ThrowsAny<ArgumentException>(() => new NvmeSubsystem(SubsystemHosts.Options(namespaces, online: true)));
}
