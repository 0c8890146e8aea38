using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class ReservationTests
{
    private const uint IgnoreKey = 1 << 3;

    /// <summary>NVMe 1.4, 8.8, "Command Behavior in the Presence of a Reservation": type, then whether a host that isn't registered, a registrant and the holder may read, and may write.</summary>
    [Theory]
    [InlineData(1, "r", "r", "rw")]
    [InlineData(2, "", "", "rw")]
    [InlineData(3, "r", "rw", "rw")]
    [InlineData(4, "", "rw", "rw")]
    [InlineData(5, "r", "rw", "rw")]
    [InlineData(6, "", "rw", "rw")]
    public void Access_FollowsTheTable(uint type, string other, string registrant, string holder)
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        Assert.Equal(NvmeStatus.Success, trio.Acquire(0, 0xA, type));
        foreach ((int host, string allowed) in new[] { (0, holder), (1, registrant), (2, other) })
        {
            foreach (IoOpcode opcode in new[] { IoOpcode.Read, IoOpcode.Compare })
            {
                Assert.Equal(allowed.Contains('r', StringComparison.Ordinal), trio.Run(host, opcode) != NvmeStatus.ReservationConflict);
            }

            foreach (IoOpcode opcode in new[] { IoOpcode.Write, IoOpcode.WriteZeroes, IoOpcode.Flush, IoOpcode.DatasetManagement })
            {
                Assert.Equal(allowed.Contains('w', StringComparison.Ordinal), trio.Run(host, opcode) != NvmeStatus.ReservationConflict);
            }

            Command format = new(AdminOpcode.FormatNvm, 1);
            Completion completion = trio.Hosts[host].Execute(trio.Hosts[host].Admin, format);
            Assert.Equal(allowed.Contains('w', StringComparison.Ordinal) ? NvmeStatus.Success : NvmeStatus.ReservationConflict, completion.Status);
        }

        // Gone with its holder; for all registrants, with the last of them.
        Assert.Equal(NvmeStatus.Success, trio.Unregister(0, 0xA));
        Assert.Equal(type < 5 ? NvmeStatus.Success : NvmeStatus.ReservationConflict, trio.Run(2, IoOpcode.Write));
        Assert.Equal(NvmeStatus.Success, trio.Unregister(1, 0xB));
        Assert.Equal(NvmeStatus.Success, trio.Run(2, IoOpcode.Write));
    }

    [Fact]
    public void Registration_ChecksKeys()
    {
        using Trio trio = new();
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Unregister(0, 0));
        trio.Register(0, 0xA);
        Assert.Equal(NvmeStatus.Success, trio.Send(0, IoOpcode.ReservationRegister, 0, 0, 0xA));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Send(0, IoOpcode.ReservationRegister, 0, 0, 0xB));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Send(0, IoOpcode.ReservationRegister, 2, 0xB, 0xC));
        Assert.Equal(NvmeStatus.Success, trio.Send(0, IoOpcode.ReservationRegister, 2, 0xA, 0xC));
        Assert.Equal(NvmeStatus.Success, trio.Send(0, IoOpcode.ReservationRegister, 2 | IgnoreKey, 0x99, 0xD));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Send(1, IoOpcode.ReservationRegister, 2 | IgnoreKey, 0, 0xD));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Unregister(0, 0xC));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationRegister, 3, 0, 0));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationRegister, 3u << 30, 0, 0xE));
        Assert.Equal(NvmeStatus.Success, trio.Send(0, IoOpcode.ReservationRegister, 1 | IgnoreKey | (2u << 30), 0, 0));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationAcquire, 3 | (1 << 8), 0, 0));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationAcquire, 0, 0, 0));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationAcquire, 7 << 8, 0, 0));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationRelease, 2, 0, 0));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Acquire(0, 0xA, 1));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Send(0, IoOpcode.ReservationRelease, 1 << 8, 0xA, 0));
    }

    [Fact]
    public void Release_IsTheHolders()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        trio.Acquire(0, 0xA, 3);
        Assert.Equal(NvmeStatus.Success, trio.Acquire(0, 0xA, 3));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Acquire(0, 0xA, 1));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Acquire(1, 0xB, 3));
        Assert.Equal(NvmeStatus.Success, trio.Send(1, IoOpcode.ReservationRelease, 3 << 8, 0xB, 0));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(2, IoOpcode.Write));
        Assert.Equal(NvmeStatus.InvalidField, trio.Send(0, IoOpcode.ReservationRelease, 1 << 8, 0xA, 0));
        Assert.Equal(NvmeStatus.Success, trio.Send(0, IoOpcode.ReservationRelease, 3 << 8, 0xA, 0));
        Assert.Equal(NvmeStatus.Success, trio.Run(2, IoOpcode.Write));
        Assert.Equal((2, 1), trio.Notice(1));
    }

    [Fact]
    public void Clear_TakesAllAway_AndTellsThem()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        trio.Acquire(0, 0xA, 2);
        Assert.Equal(NvmeStatus.Success, trio.Send(1, IoOpcode.ReservationRelease, 1, 0xB, 0));
        Assert.Equal((3, 1), trio.Notice(0));
        Assert.Equal(NvmeStatus.Success, trio.Run(2, IoOpcode.Write));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Acquire(0, 0xA, 1));
    }

    [Fact]
    public void Preempt_TakesTheReservation_AndTellsTheVictim()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        trio.Register(2, 0xC);
        trio.Acquire(0, 0xA, 3);
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Preempt(1, 0xB, 0x99, 1));
        Assert.Equal(NvmeStatus.InvalidField, trio.Preempt(1, 0xB, 0, 1));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Preempt(1, 0xA, 0xA, 1));
        Assert.Equal(NvmeStatus.Success, trio.Preempt(1, 0xB, 0xA, 1));
        Assert.Equal((3, 1), trio.Notice(0));
        Assert.Equal((2, 1), trio.Notice(2));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(0, IoOpcode.Write));
        Assert.Equal(NvmeStatus.Success, trio.Run(1, IoOpcode.Write));
        // A registration alone goes without the reservation.
        Assert.Equal(NvmeStatus.Success, trio.Preempt(1, 0xB, 0xC, 1));
        Assert.Equal((1, 1), trio.Notice(2));
        // A host that preempts itself changes the type and keeps its registration.
        Assert.Equal(NvmeStatus.Success, trio.Preempt(1, 0xB, 0xB, 2));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(0, IoOpcode.Read));
        Assert.Equal(NvmeStatus.Success, trio.Run(1, IoOpcode.Read));
    }

    [Fact]
    public void Preempt_OfAReservationForAll_WithKeyZero_TakesIt()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        trio.Acquire(0, 0xA, 6);
        Assert.Equal(NvmeStatus.Success, trio.Preempt(1, 0xB, 0, 2));
        Assert.Equal((3, 1), trio.Notice(0));
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(0, IoOpcode.Read));
    }

    [Fact]
    public void PreemptAndAbort_WaitsForWhatTheVictimHasUnderWay()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        trio.Acquire(0, 0xA, 1);
        trio.Disk.Hold = true;
        NvmeHost victim = trio.Hosts[0];
        victim.Submit(trio.Rings[0], new Command(IoOpcode.Write, 1) { Data1 = victim.Allocate(4096) }.WithBlocks(0, 1));
        victim.Pump();
        NvmeHost winner = trio.Hosts[1];
        winner.Submit(trio.Rings[1], trio.Keys(1, IoOpcode.ReservationAcquire, 2 | (1 << 8), 0xB, 0xA));
        winner.Pump();
        Assert.False(winner.IsThere(trio.Rings[1]));
        trio.Disk.Hold = false;
        winner.Pump();
        Assert.Equal(NvmeStatus.Success, winner.Take(trio.Rings[1]).Status);
        Assert.Equal(NvmeStatus.Success, victim.Take(trio.Rings[0]).Status);
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(0, IoOpcode.Write));
    }

    [Fact]
    public void Report_NamesControllersOfAHost()
    {
        using Trio trio = new(sameHost: true);
        trio.Register(0, 0xA);
        Assert.Equal(NvmeStatus.Success, trio.Acquire(1, 0xA, 1));
        byte[] page = trio.Report(2, 24 + (24 * 3));
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(page));
        Assert.Equal(1, page[4]);
        Assert.Equal(2, BinaryPrimitives.ReadUInt16LittleEndian(page.AsSpan(5)));
        Assert.Equal(0, page[9]);
        Assert.Equal([0, 0, 1], page[24..27]);
        Assert.Equal(0x111UL, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(32)));
        Assert.Equal(0xAUL, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(40)));
        Assert.Equal([1, 0, 1], page[48..51]);
        Assert.Equal(new byte[24], page[72..]);
        // Of identifiers of 64 bits there is no extended form.
        Assert.Equal(NvmeStatus.HostIdentifierInconsistent, trio.Send(0, IoOpcode.ReservationReport, 15, 0, 0, 1));
    }

    [Fact]
    public void ExtendedIdentifiers_HaveTheExtendedReport()
    {
        using Trio trio = new();
        NvmeHost host = trio.Hosts[2];
        ulong id = host.Allocate(4096);
        host.Put(id, 5);
        host.Put(id + 8, 7);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x81, 1, id)));
        Assert.Equal(NvmeStatus.Success, trio.Send(2, IoOpcode.ReservationRegister, 0, 0, 0xC));
        Assert.Equal(NvmeStatus.HostIdentifierInconsistent, trio.Send(2, IoOpcode.ReservationReport, 15, 0, 0));
        Command report = new(IoOpcode.ReservationReport) { Data1 = id };
        report[10] = 31;
        report[11] = 1;
        host.Success(host.Execute(trio.Rings[2], report));
        byte[] page = host.Get(id, 128);
        Assert.Equal(1, page[5]);
        Assert.Equal([2, 0, 0], page[64..67]);
        Assert.Equal(0xCUL, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(72)));
        Assert.Equal(5UL, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(80)));
        Assert.Equal(7UL, BinaryPrimitives.ReadUInt64LittleEndian(page.AsSpan(88)));
    }

    [Fact]
    public void AHostWithoutIdentifier_LosesItsRegistrationAtAReset_OneWithKeepsIt()
    {
        using Trio trio = new();
        NvmeHost anonymous = trio.Hosts[0];
        ulong zero = anonymous.Allocate(4096);
        anonymous.Success(anonymous.Execute(anonymous.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x81, 0, zero)));
        trio.Register(0, 0xA);
        trio.Acquire(0, 0xA, 2);
        anonymous.Disable();
        Assert.Equal(NvmeStatus.Success, trio.Run(1, IoOpcode.Write));

        trio.Register(1, 0xB);
        trio.Acquire(1, 0xB, 2);
        trio.Hosts[1].Disable();
        Assert.Equal(NvmeStatus.ReservationConflict, trio.Run(2, IoOpcode.Write));
    }

    [Fact]
    public void Notifications_CanBeMasked_AndAskedFor()
    {
        using Trio trio = new();
        trio.Register(0, 0xA);
        trio.Register(1, 0xB);
        NvmeHost second = trio.Hosts[1];
        Command mask = NvmeHost.Feature(AdminOpcode.SetFeatures, 0x82, 1 << 2);
        mask[1] = 1;
        second.Success(second.Execute(second.Admin, mask));
        Command get = NvmeHost.Feature(AdminOpcode.GetFeatures, 0x82);
        get[1] = 1;
        Assert.Equal(4u, second.Success(second.Execute(second.Admin, get)));
        trio.Acquire(0, 0xA, 3);
        trio.Send(0, IoOpcode.ReservationRelease, 3 << 8, 0xA, 0);
        Assert.Equal((0, 0), trio.Notice(1));

        Command persist = NvmeHost.Feature(AdminOpcode.SetFeatures, 0x83, 1);
        persist[1] = 1;
        second.Fails(NvmeStatus.InvalidField, second.Admin, persist);
        persist[1] = 9;
        second.Fails(NvmeStatus.InvalidField, second.Admin, persist);
        Assert.Equal(6u, second.Success(second.Execute(second.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x82, extra: 3 << 8))));
        second.Submit(second.Admin, new Command(AdminOpcode.AsynchronousEventRequest));
        trio.Preempt(0, 0xA, 0xB, 1);
        Assert.Equal(0x0080_0006u, second.Take(second.Admin).Result);
        Assert.Equal((1, 1), trio.Notice(1));
        Assert.Equal((0, 0), trio.Notice(1));
    }

    [Fact]
    public void ASingleController_KnowsNoReservations()
    {
        using NvmeHost host = NvmeHost.Ready(out HostRing io);
        host.Fails(NvmeStatus.InvalidOpcode, io, new Command(IoOpcode.ReservationRegister) { Data1 = host.Allocate(4096) });
        host.Fails(NvmeStatus.InvalidLogPage, host.Admin, NvmeHost.LogCommand(0x80, 64, host.Allocate(4096)));
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x82));
        host.Fails(NvmeStatus.InvalidOpcode, host.Admin, new Command(AdminOpcode.VirtualizationManagement));
        Assert.Equal(0, host.Identify(1)[520] & (1 << 5));
    }

    /// <summary>Three hosts of one shared namespace.</summary>
    private sealed class Trio : IDisposable
    {
        private readonly SubsystemHosts _hosts;

        public Trio(bool sameHost = false)
        {
            _hosts = SubsystemHosts.Shared(out MemoryDisk disk);
            Disk = disk;
            NvmeHost first = _hosts.AddReady(1, out HostRing one);
            NvmeHost second = _hosts.AddReady(2, out HostRing two);
            Hosts = [_hosts.Primary, first, second];
            Rings = [_hosts.Primary.CreateQueues(1), one, two];
            for (int i = 0; i < 3; i++)
            {
                SubsystemHosts.SetHost(Hosts[i], sameHost && i < 2 ? 0x111u : 0x100u + (uint)i);
            }
        }

        public MemoryDisk Disk { get; }

        public NvmeHost[] Hosts { get; }

        public HostRing[] Rings { get; }

        public Command Keys(int host, IoOpcode opcode, uint dword10, ulong first, ulong second)
        {
            ulong buffer = Hosts[host].Allocate(4096);
            Hosts[host].Put(buffer, first);
            Hosts[host].Put(buffer + 8, second);
            Command command = new(opcode) { Data1 = buffer };
            command[10] = dword10;
            return command;
        }

        public NvmeStatus Send(int host, IoOpcode opcode, uint dword10, ulong first, ulong second, uint dword11 = 0)
        {
            Command command = Keys(host, opcode, dword10, first, second);
            command[11] = dword11;
            return Hosts[host].Execute(Rings[host], command).Status;
        }

        public void Register(int host, ulong key) => Assert.Equal(NvmeStatus.Success, Send(host, IoOpcode.ReservationRegister, 0, 0, key));

        public NvmeStatus Unregister(int host, ulong key) => Send(host, IoOpcode.ReservationRegister, 1, key, 0);

        public NvmeStatus Acquire(int host, ulong key, uint type) => Send(host, IoOpcode.ReservationAcquire, type << 8, key, 0);

        public NvmeStatus Preempt(int host, ulong key, ulong victim, uint type) => Send(host, IoOpcode.ReservationAcquire, 1 | (type << 8), key, victim);

        public NvmeStatus Run(int host, IoOpcode opcode)
        {
            Command command = new Command(opcode) { Data1 = Hosts[host].Allocate(4096) }.WithBlocks(0, 1);
            if (opcode == IoOpcode.DatasetManagement)
            {
                command[10] = 0;
                command[11] = 4;
            }

            return Hosts[host].Execute(Rings[host], command).Status;
        }

        public byte[] Report(int host, int bytes)
        {
            ulong buffer = Hosts[host].Allocate(4096);
            Command command = new(IoOpcode.ReservationReport) { Data1 = buffer };
            command[10] = (uint)(bytes / 4) - 1;
            Hosts[host].Success(Hosts[host].Execute(Rings[host], command));
            return Hosts[host].Get(buffer, bytes);
        }

        /// <summary>Kind and namespace of the oldest notification.</summary>
        public (int Kind, int Namespace) Notice(int host)
        {
            Hosts[host].Pump();
            byte[] page = Hosts[host].GetLog(0x80, 64);
            return (page[8], page[12]);
        }

        public void Dispose() => _hosts.Dispose();
    }
}
