using FsCheck;
using FsCheck.Fluent;
using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Tests.Block;

/// <summary>Random mixes of operations, many under way at once, against an array of bytes.</summary>
public sealed unsafe class RawDiskModelTests
{
    private const int Block = 512;
    private const int DiskBlocks = 4096;
    private const int BufferLength = 40 * Block;
    private const int BatchLength = 8;
    private int _fill;

    [Theory]
    [InlineData(BlockEngine.IoUring, false)]
    [InlineData(BlockEngine.IoUring, true)]
    [InlineData(BlockEngine.Threads, false)]
    [InlineData(BlockEngine.Threads, true)]
    public void AnyMixOfOperations_LeavesWhatAnArrayWouldHold(BlockEngine engine, bool direct)
    {
        Assert.SkipWhen(engine == BlockEngine.IoUring && !IoUringSupport.Current.Usable, IoUringSupport.Current.Reason);
        using Disk disk = new(engine, DiskBlocks * Block, depth: BatchLength, direct);
        using Arena arena = new(BatchLength * (BufferLength + Block));
        byte[] model = new byte[DiskBlocks * Block];
        Prop.ForAll<(byte Kind, ushort Start, byte Blocks, byte Cuts)[]>(numbers =>
        {
            List<DiskOperation> batch = [];
            foreach (var (kind, start, blocks, cuts) in numbers)
            {
                DiskOperation next = new(kind, start, blocks, cuts, DiskBlocks);
                if (batch.Count == BatchLength || batch.Exists(other => other.Overlaps(next)))
                {
                    RunBatch(disk, arena, model, batch);
                    batch.Clear();
                }

                batch.Add(next);
            }

            RunBatch(disk, arena, model, batch);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(150).WithStartSize(20).WithEndSize(60));
        Assert.True(model.AsSpan().SequenceEqual(disk.Read(0, model.Length)));
        Assert.True(model.AsSpan().SequenceEqual(File.ReadAllBytes(disk.Path)));
    }

    private void RunBatch(Disk disk, Arena arena, byte[] model, List<DiskOperation> batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            DiskOperation operation = batch[i];
            Span<byte> buffer = BufferOf(arena, i, operation);
            if (operation.Operation == BlockOperation.Write)
            {
                new Random(++_fill).NextBytes(buffer);
            }

            BlockRequest request = new()
            {
                Operation = operation.Operation,
                Offset = (ulong)operation.Start * Block,
                Length = (ulong)operation.Blocks * Block,
                Segments = operation.Operation <= BlockOperation.Write ? Cut(buffer, operation.Cuts) : [],
                Token = (ulong)i,
                ForceUnitAccess = operation.Durable,
            };
            Assert.True(disk.Queue.TrySubmit(request));
        }

        List<BlockCompletion> completions = disk.Complete(batch.Count);
        Assert.All(completions, completion => Assert.Equal(0, completion.Error));
        Assert.Equal(batch.Count, completions.Select(completion => completion.Token).Distinct().Count());
        Assert.Equal(0, disk.Queue.InFlight);
        for (int i = 0; i < batch.Count; i++)
        {
            Apply(disk, model, batch[i], BufferOf(arena, i, batch[i]));
        }
    }

    private static void Apply(Disk disk, byte[] model, DiskOperation operation, Span<byte> buffer)
    {
        Span<byte> range = model.AsSpan(operation.Start * Block, operation.Blocks * Block);
        switch (operation.Operation)
        {
            case BlockOperation.Read:
                Assert.True(range.SequenceEqual(buffer));
                break;
            case BlockOperation.Write:
                buffer.CopyTo(range);
                break;
            case BlockOperation.Discard when disk.Backend.CanDiscard:
            case BlockOperation.WriteZeroes:
            case BlockOperation.WriteZeroesUnmap:
                range.Clear();
                break;
        }
    }

    private static Span<byte> BufferOf(Arena arena, int index, DiskOperation operation) =>
        arena.Span.Slice((index * (BufferLength + Block)) + ((operation.Cuts & 1) * 4), operation.Blocks * Block);

    private static HostSegment[] Cut(Span<byte> buffer, int cuts)
    {
        List<HostSegment> segments = [];
        fixed (byte* pointer = buffer)
        {
            int unit = (cuts & 2) != 0 ? Block : 100;
            int piece = (cuts >> 2) * unit;
            for (int at = 0; at < buffer.Length;)
            {
                int length = piece == 0 ? buffer.Length : Math.Min(piece, buffer.Length - at);
                segments.Add(new HostSegment(pointer + at, (nuint)length));
                at += length;
            }
        }

        return [.. segments];
    }
}
