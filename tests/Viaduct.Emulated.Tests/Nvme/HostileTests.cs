using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Nvme.Queues;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

/// <summary>A guest that does its worst.</summary>
public sealed class HostileTests
{
    private const int Commands = 48;
    private const ulong QueueBase = 0x10_0000;

    [Fact]
    public void AnyCommand_IsCompletedExactlyOnce() =>
        Prop.ForAll<int>(seed => EveryCommandEndsOnce(seed)).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    [Fact]
    public void AnyAccess_LeavesTheMonitorAndForeignMemoryAlone() =>
        Prop.ForAll<int>(seed => Chaos(seed)).Check(Config.QuickThrowOnFailure.WithMaxTest(150));

    private static void EveryCommandEndsOnce(int seed)
    {
        Random random = new(seed);
        using NvmeHost host = NvmeHost.Ready(out HostRing io, new MemoryDisk(1 << 20), new MemoryDisk(1 << 20, 4096) { ReadOnly = random.Next(2) == 0 });
        HostRing small = host.CreateQueues(2, entries: 64, completionEntries: 3);
        host.Disk.Error = random.Next(4) == 0 ? 5 : 0;
        host.Disk.Hold = true;
        ulong arena = host.Allocate(1 << 20);
        Dictionary<(int Queue, ushort Id), int> ends = [];
        foreach (HostRing ring in new[] { host.Admin, io, small })
        {
            for (int i = 0; i < Math.Min(Commands, ring.Entries - 1); i++)
            {
                byte[] bytes = RandomCommand(random, arena, ring.Id == 0);
                Command command = new(bytes);
                ends.Add((ring.Id, host.Enqueue(ring, command)), 0);
            }

            host.RingTail(ring.Id, (uint)ring.Tail);
            host.Pump();
        }

        host.Disk.Hold = false;
        // The second disk has a thread of its own, so that the last completions may take a moment.
        SpinWait.SpinUntil(() => TakeAll(host, ends, host.Admin, io, small), TimeSpan.FromSeconds(30));
        Assert.All(ends, end => Assert.True(end.Value == 1 || end.Key.Queue == 0));
        Assert.InRange(ends.Count(end => end.Value == 0), 0, NvmeLimits.EventRequests);
        Assert.Equal(1u, host.Status);
    }

    /// <summary>Takes what has ended. True when only event requests are left.</summary>
    private static bool TakeAll(NvmeHost host, Dictionary<(int Queue, ushort Id), int> ends, params HostRing[] rings)
    {
        host.Pump();
        foreach (HostRing ring in rings)
        {
            while (host.TryTake(ring, out Completion completion))
            {
                Assert.Equal(ring.Id, completion.Queue);
                ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(ends, (ring.Id, completion.Id), out bool known);
                Assert.True(known);
                Assert.Equal(1, ++count);
            }
        }

        return ends.Count(end => end.Value == 0) <= NvmeLimits.EventRequests && ends.All(end => end.Value == 1 || end.Key.Queue == 0);
    }

    private static void Chaos(int seed)
    {
        const ulong Guard = 1 << 20;
        const ulong Length = 4 << 20;
        Random random = new(seed);
        using HostMemory memory = new("hostile", Length + (2 * Guard));
        Span<byte> before = Part(memory, 0, Guard);
        Span<byte> after = Part(memory, Guard + Length, Guard);
        before.Fill(0xA5);
        after.Fill(0x5A);
        AddressSpace space = new("memory");
        space.MapMemory("ram", 0, memory, Guard, Length);
        // The last megabyte is read-only to the guest and to DMA.
        space.MapMemory("rom", Length - Guard, memory, Length, Guard, priority: 1, readOnly: true);
        Span<byte> rom = Part(memory, Length, Guard);
        rom.Fill(0xC3);
        if (random.Next(2) == 0)
        {
            random.NextBytes(Part(memory, Guard, Length - Guard));
        }


        DeviceCounters counters = new("hostile", Road.Emulated);
        DmaTarget dma = new(new GuestMemory(space), new RecordingMessages(), counters) { Granted = true };
        using MemoryDisk disk = new(1 << 20);
        RecordingVectors vectors = new(65);
        bool messages = random.Next(2) == 0;
        NvmeSubsystem subsystem = new(new NvmeOptions { Id = "hostile", Disks = [disk] }.ToSubsystem());
        using NvmeController controller = new(subsystem, subsystem.Seat(0), "hostile", dma, new InterruptPort(vectors, new RecordingLine(), () => messages), counters, new ListLog(), ownThread: false);
        GuestMemory guest = new(space);
        if (random.Next(4) != 0)
        {
            Behave(controller, guest);
        }

        for (int step = 0; step < 600; step++)
        {
            Misbehave(random, controller, guest, disk, dma);
            // A guest can keep the worker busy for ever with what it feeds itself; each turn must end, not the feast.
            for (int turn = 0; turn < 8 && controller.DoWork(); turn++)
            {
            }
        }

        Assert.False(before.ContainsAnyExcept((byte)0xA5));
        Assert.False(after.ContainsAnyExcept((byte)0x5A));
        Assert.False(rom.ContainsAnyExcept((byte)0xC3));

        // Whatever state it is in, a reset leads back to a controller that works.
        dma.Granted = true;
        disk.Hold = false;
        Span<byte> ram = Part(memory, Guard, Length - Guard);
        ram.Clear();
        controller.Registers.Write(NvmeRegister.Configuration, 4, 0);
        for (int turn = 0; turn < 1000 && controller.DoWork(); turn++)
        {
        }

        controller.Registers.Write(NvmeRegister.AdminQueueAttributes, 4, 0x000F_000F);
        controller.Registers.Write(NvmeRegister.AdminSubmissionQueue, 8, 0x1000);
        controller.Registers.Write(NvmeRegister.AdminCompletionQueue, 8, 0x2000);
        controller.Registers.Write(NvmeRegister.Configuration, 4, NvmeHost.Enabled());
        Command identify = new(AdminOpcode.Identify) { Data1 = 0x3000, Id = 77 };
        identify[10] = 1;
        identify.Bytes.CopyTo(ram[0x1000..]);
        controller.DoWork();
        controller.Doorbells.Write(0, 4, 1);
        while (controller.DoWork())
        {
        }

        Assert.Equal(77 | (1 << 16), MemoryMarshal.Read<int>(ram[0x200C..]));
        Assert.Equal(NvmeIdentity.VendorId, MemoryMarshal.Read<ushort>(ram[0x3000..]));
    }

    private static unsafe Span<byte> Part(HostMemory memory, ulong offset, ulong length) => new(memory.Pointer + offset, (int)length);

    /// <summary>Sets the controller and three pairs of queues up as a good guest would, so that there is more to break.</summary>
    private static void Behave(NvmeController controller, GuestMemory guest)
    {
        const ulong Admin = 0x8000;
        controller.Registers.Write(NvmeRegister.AdminQueueAttributes, 4, 0x003F_003F);
        controller.Registers.Write(NvmeRegister.AdminSubmissionQueue, 8, Admin);
        controller.Registers.Write(NvmeRegister.AdminCompletionQueue, 8, 0x9000);
        controller.Registers.Write(NvmeRegister.Configuration, 4, NvmeHost.Enabled());
        for (uint id = 1; id <= 3; id++)
        {
            Command completion = new(AdminOpcode.CreateCompletionQueue) { Data1 = QueueBase + 0x1_0000 + ((ulong)id << 12), [10] = id | (63 << 16), [11] = 3 };
            Command submission = new(AdminOpcode.CreateSubmissionQueue) { Data1 = QueueBase + ((ulong)id << 12), [10] = id | (63 << 16), [11] = 1 | (id << 16) };
            guest.TryWrite(Admin + ((id - 1) * 128), completion.Bytes);
            guest.TryWrite(Admin + ((id - 1) * 128) + 64, submission.Bytes);
        }

        controller.DoWork();
        controller.Doorbells.Write(0, 4, 6);
    }

    private static void Misbehave(Random random, NvmeController controller, GuestMemory guest, MemoryDisk disk, DmaTarget dma)
    {
        switch (random.Next(16))
        {
            case 0:
                int size = 1 << random.Next(4);
                controller.Registers.Write((ulong)random.Next(0x1000), size, (ulong)random.NextInt64());
                controller.Registers.Read((ulong)random.Next(0x1000), size, out _);
                break;
            case 1:
                int places = random.Next(8) == 0 ? 1100 : 600;
                controller.Registers.Write(NvmeRegister.AdminQueueAttributes, 4, (ulong)(random.Next(64) | (random.Next(64) << 16)));
                controller.Registers.Write(NvmeRegister.AdminSubmissionQueue, 8, (ulong)random.Next(places) << 12);
                controller.Registers.Write(NvmeRegister.AdminCompletionQueue, 8, (ulong)random.Next(places) << 12);
                break;
            case 2:
                controller.Registers.Write(NvmeRegister.Configuration, 4, NvmeHost.Enabled() ^ (random.Next(16) == 0 ? (uint)random.Next() : 0));
                break;
            case 3 when random.Next(8) == 0:
                controller.Registers.Write(NvmeRegister.Configuration, 4, NvmeHost.Enabled() & ~1u);
                break;
            case 4 when random.Next(8) == 0:
                disk.Hold = !disk.Hold;
                break;
            case 5 when random.Next(16) == 0:
                dma.Granted = !dma.Granted;
                break;
            case 6 when random.Next(8) == 0:
                disk.Resize(random.Next(1, 4096) * 512);
                break;
            case < 9:
                controller.Doorbells.Write((ulong)random.Next(12) * 4, 4, (ulong)random.Next(70));
                break;
            case 9:
                controller.Doorbells.Write((ulong)random.Next(0x400) * 4, 4, (uint)random.Next());
                break;
            default:
                // Commands where queues may be; the register pages hold where that is.
                controller.Registers.Read(NvmeRegister.AdminSubmissionQueue, 8, out ulong admin);
                bool isAdmin = random.Next(3) == 0;
                int queue = isAdmin ? 0 : random.Next(1, 4);
                ulong ring = isAdmin ? admin : QueueBase + ((ulong)queue << 12);
                for (int i = 0; i < 16; i++)
                {
                    byte[] command = isAdmin && random.Next(3) == 0 ? RandomQueueCommand(random) : RandomCommand(random, 0x1_0000, isAdmin);
                    guest.TryWrite(ring + (ulong)(random.Next(64) * 64), command);
                }

                controller.Doorbells.Write((ulong)queue * 8, 4, (ulong)random.Next(64));
                break;
        }
    }

    /// <summary>Creation, deletion and shadows of a few queues, in a few places.</summary>
    private static byte[] RandomQueueCommand(Random random)
    {
        byte[] opcodes = [1, 5, 1, 5, 1, 5, 0, 4, 0x7C];
        byte opcode = opcodes[random.Next(opcodes.Length)];
        ulong place = (ulong)random.Next(1, 5);
        Command command = new(opcode, 0) { Data1 = QueueBase + (place << 12), Data2 = QueueBase + ((ulong)random.Next(8) << 12) };
        if (opcode == 5)
        {
            command.Data1 += 0x1_0000;
        }

        command[10] = (uint)place | ((uint)random.Next(64) << 16);
        command[11] = 3 | ((uint)random.Next(1, 5) << 16);
        return command.Bytes.ToArray();
    }

    /// <summary>Sixty-four random bytes, most often with an opcode that exists and numbers that might be right.</summary>
    private static byte[] RandomCommand(Random random, ulong arena, bool admin)
    {
        byte[] bytes = new byte[64];
        random.NextBytes(bytes);
        if (random.Next(10) == 0)
        {
            // All random, but for what would take the queues under the test away.
            bytes[0] |= 0x10;
            return bytes;
        }

        Command command = new(bytes);
        byte[] opcodes = admin ? [2, 6, 6, 8, 9, 10, 12, 0x80] : [0, 1, 1, 2, 2, 2, 5, 8, 9];
        bytes[0] = opcodes[random.Next(opcodes.Length)];
        bytes[1] = random.Next(3) == 0 ? bytes[1] : (byte)0;
        command = new Command(bytes) { [1] = random.Next(5) == 0 ? (uint)random.Next() : (uint)random.Next(4) };
        if (random.Next(4) != 0)
        {
            command.Data1 = arena + (ulong)(random.Next(1 << 18) & (random.Next(2) == 0 ? ~4095 : -1));
            command.Data2 = (arena + (ulong)(random.Next(1 << 18) & ~4095)) | (random.Next(2) == 0 ? 0 : (ulong)random.Next(4) << 60);
        }

        if (random.Next(4) != 0)
        {
            command.WithBlocks((ulong)random.Next(300), (uint)random.Next(1, 300));
            command[10] = admin ? (uint)random.Next(0x20) | (command[10] & 0xFF_0000) : command[10];
            command[11] = admin || bytes[0] == 9 ? (uint)random.Next(8) : 0;
        }

        return command.Bytes.ToArray();
    }
}
