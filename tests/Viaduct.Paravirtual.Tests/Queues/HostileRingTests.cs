using FsCheck;
using FsCheck.Fluent;
using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Queues;

public sealed class HostileRingTests
{
    private const ulong GuestLength = 0x10000;
    private const byte Canary = 0xC5;
    private const ulong Headers = 0x4000;
    private const ulong HeadersLength = 0x1000;
    private const ulong Tables = 0x8000;
    private const ulong TableLength = 0x400;
    private const ushort Next = 1;
    private const ushort Write = 2;
    private const ushort Indirect = 4;

    public static TheoryData<int> Kinds => RingKinds.All;

    /// <summary>Whatever stands in guest memory, while it changes: a block device ends its work and touches nothing but what the guest has.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void RandomMemory_NeverCrashesNorHangs_AndStaysInside(int kind)
    {
        using TestGuest guest = new(GuestLength);
        guest.Bytes[(int)GuestLength..].Fill(Canary);
        Prop.ForAll<int>(seed => Hold(guest, RingKinds.Of(kind), new Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
        Assert.False(guest.Bytes[(int)GuestLength..].ContainsAnyExcept(Canary));

        // It was work: some of it passed for requests.
        Assert.True(guest.Counters.Read().BackendOperations > 100, $"only {guest.Counters.Read().BackendOperations} requests got through");
    }

    private static void Hold(TestGuest guest, RingFeatures features, Random random)
    {
        MemoryBackend backend = new(64 << 10);
        using BlockDevice device = new(new BlockOptions { Name = "disk0", QueueSize = 16 }, backend, guest.Counters, threads: false);
        TestHost host = new();
        device.Attach(host);
        device.SetFeatures(device.Features);
        bool packed = (features & RingFeatures.Packed) != 0;
        QueueLayout layout = new(16, 0x1000, 0x2000, 0x3000);
        for (int restart = 0; restart < 8; restart++)
        {
            Scribble(guest, random, packed);
            device.StartQueue(0, new VirtQueue(0, layout, features, packed ? QueueState.PackedStart : QueueState.SplitStart, guest.Dma, host));
            for (int round = 0; round < 20; round++)
            {
                device.Works[0].DoWork();
                Nudge(guest, random, packed);
            }

            device.StopQueue(0);
        }
    }

    /// <summary>Rings and tables of requests that are mostly right, in memory of noise.</summary>
    private static void Scribble(TestGuest guest, Random random, bool packed)
    {
        random.NextBytes(guest.Slice(0, (int)GuestLength));
        for (ulong i = 0; i < 16; i++)
        {
            Descriptor(guest, random, 0x1000, i, packed);
            guest.At<ushort>(0x2004 + (i * 2)) = (ushort)(random.Next(8) == 0 ? random.Next(17) : random.Next(5) * 3);
        }

        for (ulong i = 0; i < TableLength / 16; i++)
        {
            Descriptor(guest, random, Tables, i, packed);
        }

        ReadOnlySpan<uint> commands = [0, 1, 4, 8, 11, 13];
        for (ulong at = Headers; at < Headers + HeadersLength; at += 16)
        {
            guest.At<uint>(at) = random.Next(8) == 0 ? (uint)random.Next() : commands[random.Next(commands.Length)];
            guest.At<ulong>(at + 8) = (ulong)random.Next(140);
        }

        guest.At<ushort>(0x2002) = (ushort)random.Next(8);
    }

    /// <summary>Header, data and status follow each other; each may be something else.</summary>
    private static void Descriptor(TestGuest guest, Random random, ulong table, ulong index, bool packed)
    {
        ulong role = index % 3;
        bool indirect = role == 0 && table != Tables && random.Next(4) == 0;
        (ulong address, uint length, int flags) = role switch
        {
            0 when indirect => (Tables + ((ulong)random.Next(20) * 48), 48u, Indirect),
            0 => (Headers + ((ulong)random.Next((int)HeadersLength / 16) * 16), 16u, Next),
            1 => ((ulong)random.Next((int)GuestLength), (uint)random.Next(1, 5) * 512, Next | (random.Next(2) * Write)),
            _ => ((ulong)random.Next((int)GuestLength), 1u, (int)Write),
        };
        if (random.Next(20) == 0)
        {
            (address, length, flags) = ((ulong)random.NextInt64(), (uint)random.Next(), random.Next(8));
        }

        guest.At<ulong>(table + (index * 16)) = address;
        guest.At<uint>(table + (index * 16) + 8) = length;
        int at12 = packed ? random.Next(16) : flags;
        int at14 = packed ? flags | (random.Next(10) == 0 ? random.Next() : 0x80) : random.Next(30) == 0 ? random.Next(20) : (int)(table == Tables ? role : index) + 1;
        guest.At<ushort>(table + (index * 16) + 12) = (ushort)at12;
        guest.At<ushort>(table + (index * 16) + 14) = (ushort)at14;
    }

    private static void Nudge(TestGuest guest, Random random, bool packed)
    {
        guest.At<ushort>(0x2002) += (ushort)random.Next(3);
        for (int i = 0; i < 4; i++)
        {
            Descriptor(guest, random, 0x1000, (ulong)random.Next(16), packed);
        }
    }
}
