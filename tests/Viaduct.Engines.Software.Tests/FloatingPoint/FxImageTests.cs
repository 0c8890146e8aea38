using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>FXSAVE images: read back as written, and read by the host as it reads its own.</summary>
public sealed unsafe class FxImageTests
{
    private const int Seed = 4711;

    [Fact]
    public void Restore_WhatSaveWrote_GivesTheSameState()
    {
        var image = RandomImage(out var source);
        var state = default(X87State);
        var xmm = new Vector128<byte>[16];
        uint mxcsr = 0;
        Assert.True(FxImage.Restore(image, ref state, xmm, ref mxcsr, wide: true));
        var copy = new byte[FxImage.Size];
        FxImage.Save(copy, in state, xmm, mxcsr, wide: true);

        Assert.Equal(source, mxcsr);
        Assert.Equal(image[..416], copy[..416]);
    }

    [Fact]
    public void Restore_ReservedMxcsrBit_ChangesNothing()
    {
        var image = RandomImage(out _);
        image[26] = 1;
        var state = default(X87State);
        var before = state;
        var xmm = new Vector128<byte>[16];
        uint mxcsr = 0x1F80;

        Assert.False(FxImage.Restore(image, ref state, xmm, ref mxcsr, wide: true));
        Assert.Equal(0x1F80u, mxcsr);
        Assert.Equal(Bytes(ref before), Bytes(ref state));
        Assert.All(xmm, x => Assert.Equal(Vector128<byte>.Zero, x));
    }

    [Fact]
    public void Save_StateThatTheHostLoaded_IsWhatTheHostSaves()
    {
        Assert.SkipUnless(HostCode.IsSupported, "The oracle is an x86-64 host; this one is not.");
        using var host = new HostCode(Emit);
        var memory = (byte*)NativeMemory.AlignedAlloc(3 * FxImage.Size, 64);
        try
        {
            var image = RandomImage(out _);
            var span = new Span<byte>(memory, 3 * FxImage.Size);
            span.Clear();
            image.CopyTo(span);
            host.Run(memory);
            var state = default(X87State);
            var xmm = new Vector128<byte>[16];
            uint mxcsr = 0;
            Assert.True(FxImage.Restore(image, ref state, xmm, ref mxcsr, wide: true));
            var ours = new byte[FxImage.Size];
            FxImage.Save(ours, in state, xmm, mxcsr, wide: true);
            var theirs = span.Slice(FxImage.Size, FxImage.Size).ToArray();

            // Some processors keep the last instruction only while an exception is pending.
            Assert.Equal(theirs[..6], ours[..6]);
            Assert.Equal(theirs[24..28], ours[24..28]);
            Assert.Equal(theirs[32..416], ours[32..416]);
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    private static byte[] Bytes(ref X87State state) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref state, 1)).ToArray();

    private static byte[] RandomImage(out uint mxcsr)
    {
        var image = new byte[FxImage.Size];
        new Random(Seed).NextBytes(image);
        mxcsr = 0xBFA1;
        MemoryMarshal.Write(image, (ushort)0x0C7F);
        MemoryMarshal.Write(image.AsSpan(2), (ushort)0x6A25);
        image[5] = 0;
        MemoryMarshal.Write(image.AsSpan(6), (ushort)0x0123);
        MemoryMarshal.Write(image.AsSpan(24), mxcsr);
        MemoryMarshal.Write(image.AsSpan(28), FxImage.MxcsrMask);
        for (var i = 0; i < 8; i++)
        {
            image.AsSpan(32 + (16 * i) + 10, 6).Clear();
        }

        return image;
    }

    private static void Emit(Assembler a)
    {
        a.fxsave64(__[rdi + 1024]);
        a.fxrstor64(__[rdi]);
        a.fxsave64(__[rdi + 512]);
        a.fxrstor64(__[rdi + 1024]);
        a.ret();
    }
}
