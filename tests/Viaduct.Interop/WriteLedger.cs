using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Interop;

/// <summary>What writers of a namespace were told is durable, held against what its disk holds.</summary>
/// <param name="disk">The disk's file.</param>
/// <param name="offset">Where the namespace begins in it.</param>
internal sealed class WriteLedger(string disk, long offset)
{
    private readonly ulong[] _durable = new ulong[VerifiedWriter.Blocks];

    /// <summary>What the next writer is to begin with: past all that may be under way, so that numbers only grow.</summary>
    internal ulong Next { get; private set; } = 1;

    /// <summary>Writes that were acknowledged.</summary>
    internal long Acknowledged { get; private set; }

    /// <summary>Acknowledged writes that were found, they or later ones, over all checks.</summary>
    internal long Checked { get; private set; }

    /// <summary>Takes a number that is durable.</summary>
    internal void Note(ulong number)
    {
        ref ulong durable = ref _durable[number % VerifiedWriter.Blocks];
        durable = Math.Max(durable, number);
        Next = Math.Max(Next, number + (2 * NvmeDriver.Depth));
        Acknowledged++;
    }

    /// <summary>Fails where the disk holds less than was acknowledged, or what nobody wrote.</summary>
    /// <param name="when">When that was, for people.</param>
    /// <param name="goesOn">Whether the writer goes on writing, and may be ahead of what was heard of it.</param>
    internal void Verify(string when, bool goesOn = false)
    {
        using SafeFileHandle file = File.OpenHandle(disk);
        byte[] contents = new byte[VerifiedWriter.Blocks * NvmeDriver.Page];
        Assert.Equal(contents.Length, RandomAccess.Read(file, contents, offset));
        for (int block = 0; block < VerifiedWriter.Blocks; block++)
        {
            Span<byte> bytes = contents.AsSpan(block * NvmeDriver.Page, NvmeDriver.Page);
            ulong number = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Assert.True(number >= _durable[block], $"{when}: block {block} holds {number}, but {_durable[block]} was durable");
            Assert.True(goesOn || number < Next, $"{when}: block {block} holds {number}, which nobody wrote");
            Assert.True(number == 0 || number % VerifiedWriter.Blocks == (ulong)block, $"{when}: block {block} holds {number}, which belongs elsewhere");
            Checked += _durable[block] == 0 ? 0 : 1;
        }
    }
}
