using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Tests.Block;

/// <summary>A disk in a temporary file with one queue, driven by the test's thread as a device's worker would.</summary>
internal sealed unsafe class Disk : IDisposable
{
    private readonly BlockCompletion[] _completions = new BlockCompletion[64];
    private readonly bool _ownsFile;

    internal Disk(BlockEngine engine, int length, int depth = 32, bool direct = false, string? path = null, bool readOnly = false)
    {
        _ownsFile = path is null;
        Path = path ?? NewFile(length);
        Backend = RawBlockBackend.Open(new RawBlockOptions { Path = Path, Engine = engine, Direct = direct, ReadOnly = readOnly });
        Queue = Backend.OpenQueue(depth);
    }

    internal string Path { get; }

    internal RawBlockBackend Backend { get; }

    internal IBlockQueue Queue { get; }

    internal static string NewFile(int length)
    {
        string path = System.IO.Path.Combine(AppContext.BaseDirectory, $"{Guid.NewGuid():N}.img");
        using FileStream file = File.Create(path);
        file.SetLength(length);
        return path;
    }

    /// <summary>Submits one request and waits for it.</summary>
    internal int Run(BlockOperation operation, ulong offset, ulong length, ReadOnlySpan<HostSegment> segments = default, bool durable = false)
    {
        BlockRequest request = new() { Operation = operation, Offset = offset, Length = length, Segments = segments, Token = 7, ForceUnitAccess = durable };
        Assert.True(Queue.TrySubmit(request));
        BlockCompletion completion = Assert.Single(Complete(1));
        Assert.Equal(7UL, completion.Token);
        return completion.Error;
    }

    internal int Write(ulong offset, ReadOnlySpan<byte> bytes, bool durable = false)
    {
        fixed (byte* pointer = bytes)
        {
            return Run(BlockOperation.Write, offset, (ulong)bytes.Length, [new HostSegment(pointer, (nuint)bytes.Length)], durable);
        }
    }

    internal byte[] Read(ulong offset, int length)
    {
        byte[] bytes = new byte[length];
        fixed (byte* pointer = bytes)
        {
            Assert.Equal(0, Run(BlockOperation.Read, offset, (ulong)length, [new HostSegment(pointer, (nuint)length)]));
        }

        return bytes;
    }

    /// <summary>Waits for so many completions.</summary>
    internal List<BlockCompletion> Complete(int count)
    {
        List<BlockCompletion> all = [];
        while (true)
        {
            int reaped = Queue.Reap(_completions.AsSpan(0, Math.Min(_completions.Length, count - all.Count)));
            all.AddRange(_completions.AsSpan(0, reaped));
            if (all.Count == count)
            {
                return all;
            }

            Queue.Wait();
        }
    }

    public void Dispose()
    {
        Queue.Dispose();
        Backend.Dispose();
        if (_ownsFile)
        {
            File.Delete(Path);
        }
    }
}
