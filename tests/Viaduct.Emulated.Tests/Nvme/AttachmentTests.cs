using System.Buffers.Binary;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class AttachmentTests
{
    private const uint Changed = 0x0004_0002;

    [Fact]
    public void Namespaces_AreSeenByThoseThatHaveThem()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        Assert.Equal([1u], SubsystemHosts.Ids(hosts.Primary, 0x02));
        Assert.Equal([1u, 2u, 3u], SubsystemHosts.Ids(hosts.Primary, 0x10));
        Assert.Equal(0x0001_0001u, BinaryPrimitives.ReadUInt32LittleEndian(hosts.Primary.Identify(0x12, 2)));
        Assert.Equal([3, 0, 0, 0, 1, 0, 2, 0], hosts.Primary.Identify(0x13)[..8]);
        Assert.Equal([1, 0, 2, 0], hosts.Primary.Identify(0x13 | (2 << 16))[..4]);
        // Inactive: zeroes; allocated: what it is; impossible: an error.
        Assert.Equal(new byte[4096], hosts.Primary.Identify(0, 2));
        Assert.Equal(2048UL, BinaryPrimitives.ReadUInt64LittleEndian(hosts.Primary.Identify(0x11, 2)));
        Assert.Equal(new byte[4096], hosts.Primary.Identify(0x11, 200));
        Assert.Equal(NvmeStatus.InvalidField, SubsystemHosts.Read(first, io, 1, 0).Status);
        Assert.Equal(NvmeStatus.InvalidField, SubsystemHosts.Read(first, io, 256, 0).Status);
        Assert.Equal(NvmeStatus.InvalidNamespace, SubsystemHosts.Read(first, io, 257, 0).Status);
        byte[] controller = hosts.Primary.Identify(1);
        Assert.Equal(2, controller[76]);
        Assert.Equal(256u, BinaryPrimitives.ReadUInt32LittleEndian(controller.AsSpan(516)));
        Assert.Equal(256u, BinaryPrimitives.ReadUInt32LittleEndian(controller.AsSpan(540)));
        Assert.Equal(4UL << 20, BinaryPrimitives.ReadUInt64LittleEndian(controller.AsSpan(280)));
        Assert.Equal(1UL << 20, BinaryPrimitives.ReadUInt64LittleEndian(controller.AsSpan(296)));
        Assert.Equal(9u << 16, BinaryPrimitives.ReadUInt32LittleEndian(hosts.Primary.Identify(0, 0xFFFF_FFFF).AsSpan(128)));
    }

    [Fact]
    public void Attachment_MovesANamespace_AndBothHostsHearOfIt()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        NvmeHost first = hosts.AddReady(1, out HostRing one);
        NvmeHost second = hosts.AddReady(2, out HostRing two);
        SubsystemHosts.Write(first, one, 2, 7, 0x5A);
        foreach (NvmeHost host in new[] { first, second })
        {
            host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x0B, 1 << 8)));
            host.Submit(host.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        }

        hosts.Primary.Success(hosts.Attach(2, attach: false, 1));
        Assert.Equal(Changed, first.Take(first.Admin).Result);
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(first.GetLog(4, 4096)));
        Assert.Equal(NvmeStatus.InvalidField, SubsystemHosts.Read(first, one, 2, 7).Status);
        Assert.False(second.IsThere(second.Admin));

        hosts.Primary.Success(hosts.Attach(2, attach: true, 2));
        Assert.Equal(Changed, second.Take(second.Admin).Result);
        Assert.Equal([2u, 3u], SubsystemHosts.Ids(second, 0x02));
        ulong buffer = second.Allocate(512);
        second.Success(second.Execute(two, new Command(IoOpcode.Read, 2) { Data1 = buffer }.WithBlocks(7, 1)));
        Assert.Equal(0x5A, second.Get(buffer, 1)[0]);
    }

    [Fact]
    public void Detachment_InMidInput_WaitsForTheDisk()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        disk.Hold = true;
        first.Submit(io, new Command(IoOpcode.Write, 2) { Data1 = first.Allocate(4096) }.WithBlocks(0, 1));
        first.Pump();
        ulong list = hosts.Primary.Allocate(4096);
        hosts.Primary.Put(list, 0x0001_0001UL);
        Command detach = new(AdminOpcode.NamespaceAttachment, 2) { Data1 = list };
        detach[10] = 1;
        hosts.Primary.Submit(hosts.Primary.Admin, detach);
        hosts.Primary.Pump();
        Assert.False(hosts.Primary.IsThere(hosts.Primary.Admin));
        // What comes now is refused already.
        first.Submit(io, new Command(IoOpcode.Write, 2) { Data1 = first.Allocate(4096) }.WithBlocks(0, 1));
        first.Pump();
        Assert.Equal(NvmeStatus.InvalidField, first.Take(io).Status);
        disk.Hold = false;
        hosts.Primary.Pump();
        Assert.Equal(NvmeStatus.Success, hosts.Primary.Take(hosts.Primary.Admin).Status);
        Assert.Equal(NvmeStatus.Success, first.Take(io).Status);
    }

    [Fact]
    public void Attachment_Mistakes_HaveTheirStatus()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out _);
        Assert.Equal(NvmeStatus.NamespaceAlreadyAttached, hosts.Attach(2, true, 1).Status);
        Assert.Equal(NvmeStatus.NamespaceIsPrivate, hosts.Attach(2, true, 2).Status);
        Assert.Equal(NvmeStatus.NamespaceNotAttached, hosts.Attach(2, false, 2).Status);
        Assert.Equal(NvmeStatus.InvalidNamespace, hosts.Attach(9, true, 2).Status);
        Assert.Equal(NvmeStatus.InvalidNamespace, hosts.Attach(0xFFFF_FFFF, true, 2).Status);
        Assert.Equal(NvmeStatus.ControllerListInvalid, hosts.Attach(2, true).Status);
        Assert.Equal(NvmeStatus.ControllerListInvalid, hosts.Attach(2, true, 3).Status);
        Assert.Equal(NvmeStatus.ControllerListInvalid, hosts.Attach(2, true, 2, 1).Status);
        Assert.Equal(NvmeStatus.ControllerListInvalid, hosts.Attach(2, true, 1, 1).Status);
        hosts.Attach(2, false, 1);
        Assert.Equal(NvmeStatus.NamespaceIsPrivate, hosts.Attach(2, true, 1, 2).Status);
        Assert.Equal(NvmeStatus.Success, hosts.Attach(2, true, 2).Status);
        Assert.False(hosts.Subsystem.TryAttach(2, 1));
        Assert.True(hosts.Subsystem.TryDetach(2, 2));
        Assert.True(hosts.Subsystem.TryAttach(2, 1));
    }

    [Fact]
    public void ANamespaceThatIsMade_IsZeroed_AndIsNewToEverybody()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        byte[] names = first.Identify(3, 2);
        SubsystemHosts.Write(first, io, 2, 0, 0x77);
        hosts.Primary.Success(hosts.Delete(2));
        Assert.Equal([1u, 3u], SubsystemHosts.Ids(hosts.Primary, 0x10));
        Assert.Empty(SubsystemHosts.Ids(first, 0x02));
        Assert.Equal(0x77, disk.Bytes[1 << 20]);
        Assert.Equal(2UL << 20, BinaryPrimitives.ReadUInt64LittleEndian(hosts.Primary.Identify(1).AsSpan(296)));

        Assert.Equal(2u, hosts.Primary.Success(hosts.Create(256, format: 1)));
        Assert.Equal(0, disk.Bytes[1 << 20]);
        Assert.Empty(SubsystemHosts.Ids(first, 0x02));
        hosts.Primary.Success(hosts.Attach(2, true, 1));
        byte[] data = first.Identify(0, 2);
        Assert.Equal(256UL, BinaryPrimitives.ReadUInt64LittleEndian(data));
        Assert.Equal(1, data[26]);
        Assert.NotEqual(names, first.Identify(3, 2));
        Assert.Equal(4u, hosts.Primary.Success(hosts.Create(8, shared: true)));
        Assert.Equal(1, hosts.Primary.Identify(0x11, 4)[30]);
        hosts.Primary.Success(hosts.Delete(0xFFFF_FFFF));
        Assert.Empty(SubsystemHosts.Ids(hosts.Primary, 0x10));
    }

    [Fact]
    public void ANamespaceThatIsDeleted_KeepsItsPlaceUntilNothingIsUnderWay()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        disk.Hold = true;
        first.Submit(io, new Command(IoOpcode.Write, 2) { Data1 = first.Allocate(4096) }.WithBlocks(0, 1));
        first.Pump();
        Command delete = new(AdminOpcode.NamespaceManagement, 2);
        delete[10] = 1;
        hosts.Primary.Submit(hosts.Primary.Admin, delete);
        hosts.Primary.Pump();
        Assert.False(hosts.Primary.IsThere(hosts.Primary.Admin));
        // Only the megabyte that no namespace had is free now.
        hosts.Primary.Submit(hosts.Primary.Admin, hosts.CreateCommand(4096));
        hosts.Primary.Pump();
        Assert.Equal(NvmeStatus.InsufficientCapacity, hosts.Primary.Take(hosts.Primary.Admin).Status);
        disk.Hold = false;
        hosts.Primary.Pump();
        Assert.Equal(NvmeStatus.Success, hosts.Primary.Take(hosts.Primary.Admin).Status);
    }

    [Fact]
    public void AReset_InTheMakingOfANamespace_LeavesNone()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        disk.Hold = true;
        hosts.Primary.Submit(hosts.Primary.Admin, hosts.CreateCommand(2048));
        hosts.Primary.Pump();
        Assert.Equal(0UL, hosts.Subsystem.Space().Free);
        hosts.Primary.Write(NvmeRegister.Configuration, 0);
        disk.Hold = false;
        hosts.Primary.Pump();
        Assert.Equal(1UL << 20, hosts.Subsystem.Space().Free);
        Assert.Equal(3, hosts.Subsystem.List().Length);
    }

    [Fact]
    public void Management_Mistakes_HaveTheirStatus()
    {
        using SubsystemHosts hosts = SubsystemHosts.Private(out MemoryDisk disk);
        Assert.Equal(NvmeStatus.InsufficientCapacity, hosts.Create(2049).Status);
        Assert.Equal(NvmeStatus.InsufficientCapacity, hosts.Create(ulong.MaxValue).Status);
        Assert.Equal(NvmeStatus.ThinProvisioningNotSupported, hosts.Create(100, 50).Status);
        Assert.Equal(NvmeStatus.InvalidField, hosts.Create(100, 200).Status);
        Assert.Equal(NvmeStatus.InvalidField, hosts.Create(0).Status);
        Assert.Equal(NvmeStatus.InvalidFormat, hosts.Create(100, format: 2).Status);
        Assert.Equal(NvmeStatus.InvalidNamespace, hosts.Delete(4).Status);
        Command odd = new(AdminOpcode.NamespaceManagement, 1);
        odd[10] = 2;
        hosts.Primary.Fails(NvmeStatus.InvalidField, hosts.Primary.Admin, odd);
        disk.Error = 5;
        Assert.Equal(NvmeStatus.WriteFault, hosts.Create(100).Status);
        Assert.Equal(1UL << 20, hosts.Subsystem.Space().Free);
    }

    [Fact]
    public void Format_OfASharedNamespace_IsSeenByAll()
    {
        using SubsystemHosts hosts = SubsystemHosts.Shared(out MemoryDisk disk);
        NvmeHost first = hosts.AddReady(1, out HostRing one);
        NvmeHost second = hosts.AddReady(2, out HostRing two);
        second.Success(second.Execute(second.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x0B, 1 << 8)));
        second.Submit(second.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        disk.Hold = true;
        Command format = new(AdminOpcode.FormatNvm, 1);
        format[10] = 1;
        first.Submit(first.Admin, format);
        first.Pump();
        Assert.Equal(NvmeStatus.FormatInProgress, SubsystemHosts.Write(second, two, 1, 0, 1).Status);
        second.Fails(NvmeStatus.FormatInProgress, second.Admin, format);
        disk.Hold = false;
        first.Pump();
        Assert.Equal(NvmeStatus.Success, first.Take(first.Admin).Status);
        Assert.Equal(Changed, second.Take(second.Admin).Result);
        Assert.Equal(256UL, BinaryPrimitives.ReadUInt64LittleEndian(second.Identify(0, 1)));
        Assert.Equal(NvmeStatus.Success, SubsystemHosts.Read(first, one, 1, 255).Status);
    }

    [Fact]
    public void AControllerWithoutNamespaces_Works_AndTakesOneLater()
    {
        MemoryDisk disk = new(1 << 20);
        using SubsystemHosts hosts = new(SubsystemHosts.Options([new NvmeNamespaceOptions { Disk = disk, Controllers = [] }], online: true));
        NvmeHost first = hosts.AddReady(1, out HostRing io);
        Assert.Empty(SubsystemHosts.Ids(first, 2));
        first.Success(first.Execute(io, new Command(IoOpcode.Flush, 0xFFFF_FFFF)));
        hosts.Primary.Success(hosts.Attach(1, true, 1));
        first.Success(SubsystemHosts.Write(first, io, 1, 3, 9));
        Assert.Equal(9, disk.Bytes[3 * 512]);
        Assert.Contains(disk.Carried, each => each.Operation == BlockOperation.Write);
    }
}
