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
        Assert.True(guest.Counters.Read().BackendOperations > 10);
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

    /// <summary>Memory full of descriptors that look half right.</summary>
    private static void Scribble(TestGuest guest, Random random, bool packed)
    {
        random.NextBytes(guest.Slice(0, (int)GuestLength));
        for (ulong at = 0; at < GuestLength; at += 16)
        {
            Descriptor(guest, random, at, packed);
        }

        guest.At<ushort>(0x2002) = (ushort)random.Next(18);
        for (ulong i = 0; i < 16; i++)
        {
            guest.At<ushort>(0x2004 + (i * 2)) = (ushort)random.Next(17);
        }
    }

    private static void Descriptor(TestGuest guest, Random random, ulong at, bool packed)
    {
        // As it is read as a request's header: a command, and a sector near the disk's.
        guest.At<ulong>(at) = random.Next(16) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next((int)GuestLength + 64) & ~(random.Next(2) == 0 ? 15UL : 0);
        guest.At<uint>(at + 8) = random.Next(5) switch
        {
            0 => 1,
            1 => 16,
            2 => 512,
            3 => (uint)random.Next(64) * 16,
            _ => (uint)random.Next(),
        };
        ushort flags = (ushort)(random.Next(8) | (packed ? 0x80 : 0));
        guest.At<ushort>(at + 12) = packed ? (ushort)random.Next() : flags;
        guest.At<ushort>(at + 14) = packed ? flags : (ushort)random.Next(17);
    }

    private static void Nudge(TestGuest guest, Random random, bool packed)
    {
        guest.At<ushort>(0x2002) += (ushort)random.Next(3);
        for (int i = 0; i < 4; i++)
        {
            Descriptor(guest, random, 0x1000 + ((ulong)random.Next(16) * 16), packed);
        }
    }
}
