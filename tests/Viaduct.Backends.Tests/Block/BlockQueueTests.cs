using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Host;

namespace Viaduct.Backends.Tests.Block;

/// <summary>What every queue does, whichever engine is under it.</summary>
public sealed unsafe class BlockQueueTests
{
    private const int EInval = 22;
    private const int ERofs = 30;
    private const int EIo = 5;
    private const int Patience = 30_000;

    public static TheoryData<BlockEngine> Engines() => DurabilityTests.Engines();

    [Theory]
    [MemberData(nameof(Engines))]
    public void Request_OutsideTheDisk_IsRefused(BlockEngine engine)
    {
        using Disk disk = new(engine, 8192);
        Assert.Equal(EInval, disk.Write(8192, new byte[512]));
        Assert.Equal(EInval, disk.Write(7680, new byte[1024]));
        Assert.Equal(EInval, disk.Write(100, new byte[512]));
        Assert.Equal(EInval, disk.Write(0, new byte[100]));
        Assert.Equal(EInval, disk.Run(BlockOperation.Discard, ulong.MaxValue - 511, 1024));
        Assert.Equal(EInval, disk.Run(BlockOperation.Read, 0, 512));
        Assert.Equal(0, disk.Run(BlockOperation.Read, 8192, 0));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void ReadOnly_RefusesWhatWouldWrite(BlockEngine engine)
    {
        string path = Disk.NewFile(8192);
        using (Disk disk = new(engine, 0, path: path, readOnly: true))
        {
            Assert.Equal(ERofs, disk.Write(0, new byte[512]));
            Assert.Equal(ERofs, disk.Run(BlockOperation.Discard, 0, 512));
            Assert.Equal(ERofs, disk.Run(BlockOperation.WriteZeroes, 0, 512));
            Assert.Equal(0, disk.Run(BlockOperation.Flush, 0, 0));
            Assert.Equal(new byte[512], disk.Read(0, 512));
        }

        File.Delete(path);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Read_WhenTheFileWasCutShort_FailsInsteadOfGivingRubbish(BlockEngine engine)
    {
        using Disk disk = new(engine, 8192);
        using (FileStream file = new(disk.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.SetLength(4096);
        }

        byte[] bytes = new byte[8192];
        fixed (byte* pointer = bytes)
        {
            Assert.Equal(EIo, disk.Run(BlockOperation.Read, 0, 8192, [new HostSegment(pointer, 8192)]));
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Write_OfMoreSegmentsThanTheKernelTakes_IsWhole(BlockEngine engine)
    {
        const int Pieces = 3000;
        using Disk disk = new(engine, Pieces * 512);
        byte[] bytes = new byte[Pieces * 512];
        new Random(1).NextBytes(bytes);
        fixed (byte* pointer = bytes)
        {
            HostSegment[] segments = new HostSegment[Pieces];
            for (int i = 0; i < Pieces; i++)
            {
                segments[i] = new HostSegment(pointer + (i * 512), 512);
            }

            Assert.Equal(0, disk.Run(BlockOperation.Write, 0, (ulong)bytes.Length, segments));
        }

        Assert.True(bytes.AsSpan().SequenceEqual(disk.Read(0, bytes.Length)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void TrySubmit_BeyondTheDepth_IsFalseUntilOneIsReaped(BlockEngine engine)
    {
        using Disk disk = new(engine, 8192, depth: 3);
        BlockRequest flush = new() { Operation = BlockOperation.Flush, Token = 1 };
        Assert.True(disk.Queue.TrySubmit(flush) && disk.Queue.TrySubmit(flush) && disk.Queue.TrySubmit(flush));
        Assert.False(disk.Queue.TrySubmit(flush));
        Assert.Equal(3, disk.Queue.InFlight);
        Assert.Single(disk.Complete(1));
        Assert.True(disk.Queue.TrySubmit(flush));
        Assert.Equal(3, disk.Complete(3).Count);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Discard_GivesSpaceBack(BlockEngine engine)
    {
        using Disk disk = new(engine, 1 << 20);
        Assert.SkipUnless(disk.Backend.CanDiscard, "this file system punches no holes");
        byte[] ones = new byte[1 << 20];
        Array.Fill(ones, (byte)1);
        Assert.Equal(0, disk.Write(0, ones));
        Assert.Equal(0, disk.Run(BlockOperation.Discard, 4096, 8192));
        byte[] after = disk.Read(0, 16384);
        Assert.All(after[4096..12288], value => Assert.Equal(0, value));
        Assert.Equal(1, after[4095]);
        Assert.Equal(1, after[12288]);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Dispose_WithRequestsUnderWay_WaitsForThem(BlockEngine engine)
    {
        using Disk disk = new(engine, 8 << 20);
        using Arena arena = new(8 << 20);
        arena.Span.Fill(7);
        using (IBlockQueue queue = disk.Backend.OpenQueue(8))
        {
            for (int i = 0; i < 8; i++)
            {
                HostSegment segment = new(arena.Pointer + (i << 20), 1 << 20);
                Assert.True(queue.TrySubmit(new BlockRequest { Operation = BlockOperation.Write, Offset = (ulong)i << 20, Length = 1 << 20, Segments = [segment], Token = 0 }));
            }
        }

        arena.Span.Fill(9);
        Assert.DoesNotContain((byte)9, disk.Read(0, 8 << 20));
        Assert.DoesNotContain((byte)0, disk.Read(0, 8 << 20));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Wake_BeforeAWait_EndsThatWait(BlockEngine engine)
    {
        using Disk disk = new(engine, 4096);
        for (int i = 0; i < 100; i++)
        {
            disk.Queue.Wake();
            disk.Queue.Wake();
            disk.Queue.Wait();
        }

        Assert.Equal(0, disk.Queue.InFlight);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Wake_FromAnotherThread_IsNeverLost(BlockEngine engine)
    {
        const int Rounds = 5000;
        using Disk disk = new(engine, 4096);
        using SemaphoreSlim answered = new(0);
        BlockCompletion[] none = new BlockCompletion[4];
        int asked = 0;
        Thread worker = new(() =>
        {
            for (int seen = 0; seen < Rounds;)
            {
                int now = Volatile.Read(ref asked);
                if (now == seen)
                {
                    _ = disk.Queue.Reap(none);
                    disk.Queue.Wait();
                    continue;
                }

                seen = now;
                answered.Release();
            }
        });
        worker.Start();
        for (int i = 1; i <= Rounds; i++)
        {
            Volatile.Write(ref asked, i);
            disk.Queue.Wake();
            Assert.True(answered.Wait(Patience, TestContext.Current.CancellationToken), $"the wake of round {i} was lost");
        }

        worker.Join();
    }

    [Fact]
    public void Bell_EndsAWait_AndIsCounted()
    {
        const int Rounds = 2000;
        using Disk disk = new(BlockEngine.IoUring, 4096);
        EventFd bell = disk.Queue.Bell!;
        bell.Signal();
        bell.Signal();
        ulong seen = 0;
        WaitUntil(2);

        // Rung while the worker is anywhere between two waits.
        Thread ringer = new(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                bell.Signal();
                Thread.SpinWait(i % 50);
            }
        });
        ringer.Start();
        WaitUntil(2 + Rounds);
        ringer.Join();
        Assert.Equal(0UL, disk.Queue.TakeRings());

        void WaitUntil(ulong wanted)
        {
            while (seen < wanted)
            {
                disk.Queue.Wait();
                _ = disk.Queue.Reap([]);
                seen += disk.Queue.TakeRings();
            }

            Assert.Equal(wanted, seen);
        }
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Requests_AllocateNothing(BlockEngine engine)
    {
        using Disk disk = new(engine, 1 << 20);
        using Arena arena = new(4096);
        BlockCompletion[] completions = new BlockCompletion[4];
        Cycle(disk, arena, completions, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Cycle(disk, arena, completions, 200);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void Cycle(Disk disk, Arena arena, BlockCompletion[] completions, int times)
    {
        for (int i = 0; i < times; i++)
        {
            HostSegment segment = new(arena.Pointer, 4096);
            BlockRequest request = new()
            {
                Operation = (i & 1) == 0 ? BlockOperation.Write : BlockOperation.Read,
                Offset = (ulong)(i % 256) * 4096,
                Length = 4096,
                Segments = new ReadOnlySpan<HostSegment>(in segment),
                Token = (ulong)i,
            };
            _ = disk.Queue.TrySubmit(request);
            while (disk.Queue.Reap(completions) == 0)
            {
                disk.Queue.Wait();
            }
        }
    }
}
