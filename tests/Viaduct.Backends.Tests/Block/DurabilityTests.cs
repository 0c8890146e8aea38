using System.Buffers.Binary;
using System.Diagnostics;
using Viaduct.Backends.Block;

namespace Viaduct.Backends.Tests.Block;

/// <summary>What was said to be durable is.</summary>
public sealed class DurabilityTests
{
    public static TheoryData<BlockEngine> Engines() =>
        IoUringSupport.Current.Usable ? [BlockEngine.IoUring, BlockEngine.Threads] : [BlockEngine.Threads];

    [Theory]
    [MemberData(nameof(Engines))]
    public void Kill9_AtAnyMoment_LosesNothingThatWasAcknowledged(BlockEngine engine)
    {
        const int Kills = 3;
        string path = Disk.NewFile(DurableWriter.Blocks * DurableWriter.BlockLength);
        for (int kill = 0; kill < Kills; kill++)
        {
            ulong acknowledged = WriteAndKill(path, engine, after: 150 + (kill * 37));
            byte[] disk = File.ReadAllBytes(path);
            for (ulong round = acknowledged - DurableWriter.Blocks + 1; round <= acknowledged; round++)
            {
                int block = (int)(round % DurableWriter.Blocks) * DurableWriter.BlockLength;
                for (int at = 0; at < DurableWriter.BlockLength; at += sizeof(ulong))
                {
                    ulong found = BinaryPrimitives.ReadUInt64LittleEndian(disk.AsSpan(block + at));

                    // The round after the last acknowledged one may have been on its way over the oldest block.
                    Assert.True(found == round || found == round + DurableWriter.Blocks, $"round {round} was acknowledged, {found} is there");
                }
            }
        }

        File.Delete(path);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Flush_WhenItCompletes_HasLeftNothingInTheHostsCache(BlockEngine engine)
    {
        using Disk disk = new(engine, 1 << 20);
        Assert.SkipWhen(FileCache.UnwrittenPages(disk.Path) < 0, "this kernel has no cachestat");
        Assert.Equal(0, disk.Write(0, new byte[64 * 1024]));
        Assert.Equal(0L, disk.Backend.Syncs);
        Assert.Equal(0, disk.Run(BlockOperation.Flush, 0, 0));
        Assert.Equal(1L, disk.Backend.Syncs);
        Assert.Equal(0L, FileCache.UnwrittenPages(disk.Path));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Write_WithForceUnitAccess_HasLeftNothingOfItInTheHostsCache(BlockEngine engine)
    {
        using Disk disk = new(engine, 1 << 20);
        Assert.SkipWhen(FileCache.UnwrittenPages(disk.Path) < 0, "this kernel has no cachestat");
        Assert.Equal(0, disk.Write(4096, new byte[64 * 1024], durable: true));
        Assert.Equal(1L, disk.Backend.Syncs);
        Assert.Equal(0L, FileCache.UnwrittenPages(disk.Path));
        Assert.Equal(0, disk.Run(BlockOperation.WriteZeroes, 0, 8192, durable: true));
        Assert.Equal(2L, disk.Backend.Syncs);
    }

    [Fact]
    public void Write_WithoutFlush_IsSeenInTheHostsCache_SoThatTheOthersProveSomething()
    {
        using Disk disk = new(BlockEngine.Threads, 1 << 20);
        Assert.SkipWhen(FileCache.UnwrittenPages(disk.Path) < 0, "this kernel has no cachestat");
        bool seen = false;
        for (int attempt = 0; attempt < 100 && !seen; attempt++)
        {
            Assert.Equal(0, disk.Write(0, new byte[64 * 1024]));
            seen = FileCache.UnwrittenPages(disk.Path) > 0;
        }

        Assert.SkipWhen(!seen && new DriveInfo(AppContext.BaseDirectory).DriveFormat == "tmpfs", "a tmpfs has no dirty pages");
        Assert.True(seen);
    }

    private static ulong WriteAndKill(string path, BlockEngine engine, int after)
    {
        using Process writer = DurableWriter.Start(path, engine);
        Stream output = writer.StandardOutput.BaseStream;
        byte[] word = new byte[sizeof(ulong)];
        ulong acknowledged = 0;
        for (int count = 1; output.ReadAtLeast(word, word.Length, throwOnEndOfStream: false) == word.Length; count++)
        {
            acknowledged = BinaryPrimitives.ReadUInt64LittleEndian(word);
            if (count == after)
            {
                writer.Kill();
            }
        }

        writer.WaitForExit();
        Assert.Equal(128 + 9, writer.ExitCode);
        Assert.True(acknowledged >= (ulong)after);
        return acknowledged;
    }
}
