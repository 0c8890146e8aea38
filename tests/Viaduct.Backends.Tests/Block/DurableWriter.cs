using System.Buffers.Binary;
using System.Diagnostics;
using Viaduct.Backends.Block;
using Viaduct.Platform.Dma;

namespace Viaduct.Backends.Tests.Block;

/// <summary>
/// The process that is killed: for ever, it writes the round's number over one block, flushes, and only when the flush
/// is done says so on standard output, as a guest is told.
/// </summary>
internal static unsafe class DurableWriter
{
    internal const string Command = "durable-writer";
    internal const int BlockLength = 4096;
    internal const int Blocks = 64;

    internal static Process Start(string path, BlockEngine engine)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, [Command, path, engine.ToString()]) { RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    internal static int Run(string path, string engine)
    {
        using Stream output = Console.OpenStandardOutput();
        using Disk disk = new(Enum.Parse<BlockEngine>(engine), 0, path: path);
        using Arena arena = new(BlockLength);
        byte[] acknowledgement = new byte[sizeof(ulong)];
        for (ulong round = 1; ; round++)
        {
            for (int at = 0; at < BlockLength; at += sizeof(ulong))
            {
                BinaryPrimitives.WriteUInt64LittleEndian(arena.Span[at..], round);
            }

            HostSegment segment = new(arena.Pointer, BlockLength);
            int error = disk.Run(BlockOperation.Write, round % Blocks * BlockLength, BlockLength, [segment]);
            if (error != 0 || disk.Run(BlockOperation.Flush, 0, 0) != 0)
            {
                return 1;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(acknowledgement, round);
            output.Write(acknowledgement);
        }
    }
}
