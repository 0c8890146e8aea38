using System.Buffers.Binary;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Platform.Memory;

namespace Viaduct.Paravirtual.Tests.Block;

public sealed class BlockDeviceTests
{
    private const byte Ok = 0;
    private const byte Error = 1;
    private const byte Unsupported = 2;

    public static TheoryData<int> Kinds => RingKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WriteThenRead_OnEveryKindOfRing_GivesTheSameBytes(int kind)
    {
        using BlockRig rig = new(new MemoryBackend(), RingKinds.Of(kind));
        byte[] data = new byte[4096];
        new Random(kind).NextBytes(data);

        Assert.Equal((Ok, 1u), rig.Give(1, 8, data));
        Assert.True(rig.Backend.Bytes.Slice(4096, 4096).SequenceEqual(data));
        rig.Guest.Slice(BlockRig.Data, 4096).Clear();
        Assert.Equal((Ok, 4097u), rig.Take(0, 8, 4096));
        Assert.True(rig.Guest.Slice(BlockRig.Data, 4096).SequenceEqual(data));

        Assert.Equal((2L, 2L, 8192L), (rig.Guest.Counters.Read().Requests, rig.Guest.Counters.Read().BackendOperations, rig.Guest.Counters.Read().BackendBytes));
        Assert.Null(rig.Host.Failure);
    }

    [Fact]
    public void ARead_CutIntoDescriptorsInAnyWay_IsTheSame()
    {
        using BlockRig rig = new(new MemoryBackend());
        new Random(1).NextBytes(rig.Backend.Bytes);

        // The header in three parts, the data across two, the second with the status at its end.
        (byte status, uint written) = rig.Chain(
            0,
            2,
            GuestBuffer.Read(BlockRig.Header, 3),
            GuestBuffer.Read(BlockRig.Header + 3, 0),
            GuestBuffer.Read(BlockRig.Header + 3, 12),
            GuestBuffer.Read(BlockRig.Header + 15, 1),
            GuestBuffer.Write(BlockRig.Data, 100),
            GuestBuffer.Write(BlockRig.Status - 412, 413));

        Assert.Equal((Ok, 513u), (status, written));
        Assert.True(rig.Guest.Slice(BlockRig.Data, 100).SequenceEqual(rig.Backend.Bytes.Slice(1024, 100)));
        Assert.True(rig.Guest.Slice(BlockRig.Status - 412, 412).SequenceEqual(rig.Backend.Bytes.Slice(1124, 412)));
    }

    [Theory]
    [InlineData(0, 2048, 512)]
    [InlineData(0, 2047, 1024)]
    [InlineData(0, ulong.MaxValue, 512)]
    [InlineData(0, 0x0080_0000_0000_0000, 512)]
    [InlineData(0, 0, 511)]
    [InlineData(0, 0, 1)]
    [InlineData(1, 2048, 512)]
    [InlineData(1, 2041, 4096)]
    [InlineData(1, 0, 513)]
    public void ATransfer_OutsideTheDiskOrOfPartOfASector_IsAnError(uint type, ulong sector, int length)
    {
        using BlockRig rig = new(new MemoryBackend(1 << 20));

        (byte status, _) = type == 0 ? rig.Take(type, sector, length) : rig.Give(type, sector, new byte[length]);

        Assert.Equal(Error, status);
        Assert.Null(rig.Host.Failure);
    }

    [Theory]
    [InlineData(1, 512)]
    [InlineData(8, 1024)]
    public void ATransfer_OfPartOfALargerBlock_IsAnError(ulong sector, int length)
    {
        using BlockRig rig = new(new MemoryBackend { LogicalBlockSize = 4096 });
        Assert.Equal(Error, rig.Take(0, sector, length).Status);
        Assert.Equal(Ok, rig.Take(0, 8, 4096).Status);
    }

    [Fact]
    public void ARead_IntoWhatIsNotMemory_IsAnErrorAndTheQueueGoesOn()
    {
        using BlockRig rig = new(new MemoryBackend());
        (byte status, _) = rig.Chain(0, 0, GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(TestGuest.MemoryLength - 256, 512), GuestBuffer.Write(BlockRig.Status, 1));
        Assert.Equal(Error, status);
        Assert.Equal(Ok, rig.Take(0, 0, 512).Status);
    }

    [Fact]
    public void Flush_ReachesTheBackend()
    {
        using BlockRig rig = new(new MemoryBackend());
        Assert.Equal((Ok, 1u), rig.Chain(4, 0, GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Status, 1)));
        Assert.Equal(1, rig.Backend.Flushes);
    }

    [Fact]
    public void GetId_GivesTwentyBytesOfTheSerial()
    {
        using BlockRig rig = new(new MemoryBackend());
        Assert.Equal((Ok, 21u), rig.Take(8, 0, 20));
        Assert.Equal("serial-0123456789-an"u8, rig.Guest.Slice(BlockRig.Data, 20));
        Assert.Equal((Ok, 6u), rig.Take(8, 0, 5));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(14)]
    [InlineData(0xFFFFFFFF)]
    public void AnUnknownCommand_IsUnsupported(uint type)
    {
        using BlockRig rig = new(new MemoryBackend());
        Assert.Equal((Unsupported, 1u), rig.Take(type, 0, 512));
    }

    [Theory]
    [InlineData(11, 0)]
    [InlineData(13, 0)]
    [InlineData(13, 1)]
    public void DiscardAndWriteZeroes_OfSeveralRanges_ClearEach(uint type, uint flags)
    {
        using BlockRig rig = new(new MemoryBackend());
        rig.Backend.Bytes.Fill(7);

        Assert.Equal((Ok, 1u), rig.Give(type, 0, [.. Range(1, 2, flags), .. Range(9, 0, flags), .. Range(10, 1, flags)]));

        Assert.False(rig.Backend.Bytes.Slice(512, 1024).ContainsAnyExcept((byte)0));
        Assert.False(rig.Backend.Bytes.Slice(5120, 512).ContainsAnyExcept((byte)0));
        Assert.Equal(3 * 512, rig.Backend.Bytes.Count((byte)0));
        Assert.Equal(type == 11 || flags == 1 ? 2 : 0, rig.Backend.UnmappedRanges);
        Assert.Equal(2, rig.Guest.Counters.Read().BackendOperations);
    }

    [Theory]
    [InlineData(11, 0, 1, 1, Unsupported)]
    [InlineData(11, 0, 1, 2, Unsupported)]
    [InlineData(13, 0, 1, 2, Unsupported)]
    [InlineData(13, 2048, 1, 0, Error)]
    [InlineData(13, 2047, 2, 0, Error)]
    [InlineData(11, ulong.MaxValue, uint.MaxValue, 0, Error)]
    [InlineData(11, 0, uint.MaxValue, 0, Error)]
    public void DiscardAndWriteZeroes_OfAMalformedRange_Fail(uint type, ulong sector, uint sectors, uint flags, byte status)
    {
        using BlockRig rig = new(new MemoryBackend());
        rig.Backend.Bytes.Fill(7);
        Assert.Equal(status, rig.Give(type, 0, [.. Range(0, 1, 0), .. Range(sector, sectors, flags)]).Status);
        Assert.Equal(0, rig.Backend.Bytes.Count((byte)0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    [InlineData(17 * 16)]
    public void Discard_OfNoWholeNumberOfRangesOrTooMany_IsAnError(int length)
    {
        using BlockRig rig = new(new MemoryBackend());
        Assert.Equal(Error, rig.Give(11, 0, new byte[length]).Status);
    }

    [Fact]
    public void Discard_WhereTheBackendCannot_IsUnsupportedAndNotOffered()
    {
        using BlockRig rig = new(new MemoryBackend { CanDiscard = false });
        Assert.Equal(Unsupported, rig.Give(11, 0, Range(0, 1, 0)).Status);
        Assert.Equal(0UL, rig.Device.Features & (1UL << 13));
        Assert.Equal(Ok, rig.Give(13, 0, Range(0, 1, 0)).Status);
    }

    [Fact]
    public void AReadOnlyDisk_RefusesWritesAndSaysSo()
    {
        using BlockRig rig = new(new MemoryBackend { ReadOnly = true });
        rig.Backend.Bytes.Fill(7);
        Assert.NotEqual(0UL, rig.Device.Features & (1UL << 5));
        Assert.Equal(0UL, rig.Device.Features & ((1UL << 13) | (1UL << 14)));
        Assert.Equal(Error, rig.Give(1, 0, new byte[512]).Status);
        Assert.Equal(Error, rig.Give(11, 0, Range(0, 1, 0)).Status);
        Assert.Equal(Error, rig.Give(13, 0, Range(0, 1, 0)).Status);
        Assert.Equal(Ok, rig.Take(0, 0, 512).Status);
        Assert.Equal(0, rig.Backend.Bytes.Count((byte)0));
    }

    [Theory]
    [InlineData(5, Error)]
    [InlineData(28, Error)]
    [InlineData(95, Unsupported)]
    public void AnErrorOfTheBackend_BecomesAStatus(int errno, byte status)
    {
        using BlockRig rig = new(new MemoryBackend { Error = errno });
        Assert.Equal((status, 1u), rig.Take(0, 0, 512));
        Assert.Equal(status, rig.Give(13, 0, [.. Range(0, 1, 0), .. Range(1, 1, 0)]).Status);
        Assert.Equal(2, rig.Guest.Counters.Read().BackendOperations);
    }

    [Fact]
    public void AHeaderThatIsTooShort_IsAnError()
    {
        using BlockRig rig = new(new MemoryBackend());
        Assert.Equal((Error, 1u), rig.Chain(0, 0, GuestBuffer.Read(BlockRig.Header, 15), GuestBuffer.Write(BlockRig.Data, 512), GuestBuffer.Write(BlockRig.Status, 1)));
        Assert.Equal((Error, 1u), rig.Chain(0, 0, GuestBuffer.Write(BlockRig.Status, 1)));
        Assert.Equal(Ok, rig.Take(0, 0, 512).Status);
    }

    [Fact]
    public void AChainWithoutAStatusByte_BreaksTheQueue()
    {
        using BlockRig rig = new(new MemoryBackend());
        rig.WriteHeader(1, 0);
        rig.Driver.Add(GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Read(BlockRig.Data, 512));
        rig.Run();
        Assert.Equal(nameof(QueueError.NoRoomForAnswer), rig.Host.Failure);
        Assert.False(rig.Driver.TryTake(out _, out _));
    }

    [Fact]
    public void AStatusByteOutsideMemory_BreaksTheQueue()
    {
        using BlockRig rig = new(new MemoryBackend());
        rig.WriteHeader(0, 0);
        rig.Driver.Add(GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Data, 512), GuestBuffer.Write(TestGuest.MemoryLength, 1));
        rig.Run();
        Assert.Equal(nameof(QueueError.AnswerNotMemory), rig.Host.Failure);
    }

    [Fact]
    public unsafe void ARead_IntoAPageThatWasWatchedMeanwhile_IsToldBeforeItIsAnswered()
    {
        using BlockRig rig = new(new MemoryBackend { Hold = true });
        rig.WriteHeader(0, 0);
        rig.Driver.Add(GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Data, 512), GuestBuffer.Write(BlockRig.Status, 1));
        rig.Run();
        PageWrites heard = new(() => rig.Guest.At<byte>(BlockRig.Status) == BlockRig.Untouched);
        rig.Guest.Block.Observe(heard);
        rig.Guest.Block.WatchedPages[BlockRig.Data / HostMemory.PageSize] = 1;

        rig.Backend.LastQueue!.ReleaseReversed();
        rig.Run();

        Assert.Equal([(BlockRig.Data / HostMemory.PageSize, true)], heard.Seen);
        Assert.Equal(Ok, rig.Guest.At<byte>(BlockRig.Status));
    }

    [Fact]
    public void Requests_FinishedInAnyOrder_AllComeBack()
    {
        using BlockRig rig = new(new MemoryBackend { Hold = true });
        rig.WriteHeader(0, 0);
        List<ushort> added = [];
        for (uint i = 0; i < 10; i++)
        {
            added.Add(rig.Driver.Add(GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Data + (i * 512), 512), GuestBuffer.Write(BlockRig.Status + i, 1)));
        }

        rig.Run();
        Assert.False(rig.Driver.TryTake(out _, out _));
        int signals = rig.Host.Signals;
        rig.Backend.LastQueue!.ReleaseReversed();
        rig.Run();

        List<ushort> taken = [];
        while (rig.Driver.TryTake(out ushort id, out _))
        {
            taken.Add(id);
        }

        added.Reverse();
        Assert.Equal(added, taken);
        Assert.Equal(signals + 1, rig.Host.Signals);
    }

    [Theory]
    [InlineData(BlockRig.AllFeatures, false)]
    [InlineData(BlockRig.AllFeatures & ~(1UL << 9), true)]
    public void Writes_WithoutFlush_AreDurableAtOnce(ulong features, bool durable)
    {
        using BlockRig rig = new(new MemoryBackend(), features: features);
        Assert.Equal(durable ? 0 : 1, Config(rig)[32]);
        rig.Give(1, 0, new byte[512]);
        Assert.Equal(durable ? 1 : 0, rig.Backend.DurableWrites);
    }

    [Fact]
    public void WriteConfig_OfTheWriteCache_TurnsItOffAndOn()
    {
        using BlockRig rig = new(new MemoryBackend());
        rig.Device.WriteConfig(32, [0]);
        Assert.Equal(0, Config(rig)[32]);
        rig.Give(1, 0, new byte[512]);
        Assert.Equal(1, rig.Backend.DurableWrites);
        rig.Device.WriteConfig(30, [9, 9, 1, 9]);
        rig.Give(1, 0, new byte[512]);
        Assert.Equal(1, rig.Backend.DurableWrites);
        rig.Device.WriteConfig(0, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        Assert.Equal(2048UL, BinaryPrimitives.ReadUInt64LittleEndian(Config(rig)));
    }

    [Fact]
    public void ReadConfig_GivesCapacityLimitsAndTopology()
    {
        using BlockRig rig = new(new MemoryBackend(1 << 20) { LogicalBlockSize = 1024, PhysicalBlockSize = 4096 });
        byte[] config = Config(rig);
        Assert.Equal(2048UL, BinaryPrimitives.ReadUInt64LittleEndian(config));
        Assert.Equal(62u, BinaryPrimitives.ReadUInt32LittleEndian(config.AsSpan(12)));
        Assert.Equal(1024u, BinaryPrimitives.ReadUInt32LittleEndian(config.AsSpan(20)));
        Assert.Equal(2, config[24]);
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(config.AsSpan(26)));
        Assert.Equal(1, BinaryPrimitives.ReadUInt16LittleEndian(config.AsSpan(34)));
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32LittleEndian(config.AsSpan(44)));
        Assert.Equal(1, config[56]);
    }

    [Fact]
    public void Resize_TellsTheHostAndMovesTheEnd()
    {
        using BlockRig rig = new(new MemoryBackend(1 << 20));
        Assert.Equal(Error, rig.Take(0, 2048, 512).Status);
        rig.Backend.Resize(2 << 20);
        Assert.Equal(1, rig.Host.ConfigChanges);
        Assert.Equal(4096UL, BinaryPrimitives.ReadUInt64LittleEndian(Config(rig)));
        Assert.Equal(Ok, rig.Take(0, 2048, 512).Status);
        rig.Backend.Resize(1 << 19);
        Assert.Equal(Error, rig.Take(0, 2047, 512).Status);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void StopQueue_WaitsForRequestsAndGivesTheStateToGoOnWith(int kind)
    {
        using BlockRig rig = new(new MemoryBackend(), RingKinds.Of(kind));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(Ok, rig.Take(0, 0, 512).Status);
        }

        rig.Backend.Hold = true;
        rig.Driver.Add(GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Data, 512), GuestBuffer.Write(BlockRig.Status, 1));
        rig.Run();
        rig.Backend.LastQueue!.ReleaseReversed();
        QueueState state = rig.Device.StopQueue(0);
        Assert.True(rig.Driver.TryTake(out _, out _));

        rig.Device.StartQueue(0, new VirtQueue(0, rig.Driver.Layout, rig.Driver.Features, state, rig.Guest.Dma, rig.Host));
        Assert.Equal(Ok, rig.Take(0, 0, 512).Status);
        Assert.Null(rig.Host.Failure);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ARequest_InSteadyState_AllocatesNothing(int kind)
    {
        using BlockRig rig = new(new MemoryBackend(), RingKinds.Of(kind));
        GuestBuffer[] read = [GuestBuffer.Read(BlockRig.Header, 16), GuestBuffer.Write(BlockRig.Data, 4096), GuestBuffer.Write(BlockRig.Status, 1)];
        rig.WriteHeader(0, 0);

        // The runtime's count jumps when another test's collection falls into a window, so the least of several counts.
        long least = long.MaxValue;
        for (int window = 0; window < 10; window++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                rig.Driver.Add(read);
                rig.Driver.ShouldNotify();
                while (rig.Device.Works[0].DoWork())
                {
                }

                Assert.True(rig.Driver.TryTake(out _, out _));
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.Equal(Ok, rig.Guest.At<byte>(BlockRig.Status));
    }

    private static byte[] Range(ulong sector, uint sectors, uint flags)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), sectors);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        return range;
    }

    private static byte[] Config(BlockRig rig)
    {
        byte[] config = new byte[rig.Device.ConfigLength];
        rig.Device.ReadConfig(config);
        return config;
    }

    // Pages that were written, and whether the request was unanswered then.
    private sealed class PageWrites(Func<bool> isUnanswered) : IPageWriteObserver
    {
        internal List<(ulong Page, bool Unanswered)> Seen { get; } = [];

        public void OnPageWritten(HostMemory memory, ulong page) => Seen.Add((page, isUnanswered()));
    }
}
