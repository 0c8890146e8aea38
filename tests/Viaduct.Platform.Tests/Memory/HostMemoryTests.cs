using Microsoft.Win32.SafeHandles;
using Viaduct.Platform.Memory;
using Xunit;

namespace Viaduct.Platform.Tests.Memory;

/// <summary>Memory that another process shares.</summary>
public sealed unsafe class HostMemoryTests : IDisposable
{
    private readonly HostMemory _whole = new("whole", 0x4000);

    public void Dispose() => _whole.Dispose();

    [Theory]
    [InlineData(0x1000UL)]
    [InlineData(0x20_0000UL)]
    [InlineData(0x123_4000UL)]
    public void Private_IsZeroes_WhereHugePagesBegin_AndHasNoFile(ulong length)
    {
        using HostMemory block = HostMemory.Private("private", length);
        Assert.Equal(length, block.Length);
        Assert.Equal(0UL, (ulong)block.Pointer % 0x20_0000);
        Assert.Equal(0, block.Pointer[length - 1]);
        block.Pointer[0] = block.Pointer[length - 1] = 0x5A;
        block.NoteWrite(0, length);
        Assert.Throws<InvalidOperationException>(() => block.File);
    }

    [Fact]
    public void FromFile_ShowsTheSameBytes()
    {
        using HostMemory? part = HostMemory.FromFile("part", Duplicate(), 0x1000, 0x2000, writable: true);
        Assert.NotNull(part);
        _whole.Pointer[0x1234] = 0x5A;
        Assert.Equal(0x5A, part.Pointer[0x234]);
        part.Pointer[0x1FFF] = 0xA5;
        Assert.Equal(0xA5, _whole.Pointer[0x2FFF]);
        Assert.Equal(0x1000UL, part.FileOffset);
    }

    [Theory]
    [InlineData(0x2000UL, 0x4000UL)]
    [InlineData(0x5000UL, 0x1000UL)]
    [InlineData(0UL, 0UL)]
    [InlineData(0x800UL, 0x1000UL)]
    [InlineData(0xFFFF_FFFF_FFFF_F000UL, 0x1000UL)]
    [InlineData(0x1000UL, 0xFFFF_FFFF_FFFF_F000UL)]
    public void FromFile_OutsideTheFile_IsRefused(ulong offset, ulong length) =>
        Assert.Null(HostMemory.FromFile("part", Duplicate(), offset, length, writable: false));

    [Fact]
    public void FromFile_OfAFileThatMayShrink_IsRefused()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, new byte[0x2000]);
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        Assert.Null(HostMemory.FromFile("file", file, 0, 0x2000, writable: true));
        Assert.True(file.IsClosed);
        File.Delete(path);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    public void FromFile_WithThePageMap_HearsOfWatchedPagesAlone(ulong firstPage)
    {
        using HostMemory? part = HostMemory.FromFile("part", Duplicate(), firstPage * 4096, 0x3000, writable: true, _whole.PageMapOffset + firstPage);
        Assert.NotNull(part);
        Recorder recorder = new();
        part.Observe(recorder);
        part.NoteWrite(0, 0x3000);
        Assert.Empty(recorder.Pages);

        _whole.WatchedPages[firstPage + 2] = 1;
        part.NoteWrite(0, 0x2000);
        Assert.Empty(recorder.Pages);
        part.NoteWrite(0x1FFF, 2);
        Assert.Equal([2UL], recorder.Pages);
    }

    [Theory]
    [InlineData(0x5000UL)]
    [InlineData(0x4FFDUL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void FromFile_WithAPageMapOutsideTheFile_IsRefused(ulong pageMapOffset) =>
        Assert.Null(HostMemory.FromFile("part", Duplicate(), 0, 0x4000, writable: false, pageMapOffset));

    [Fact]
    public void NoteWrite_OverSeveralWatchedPages_TellsOfEach()
    {
        Recorder recorder = new();
        _whole.Observe(recorder);
        _whole.WatchedPages[0] = _whole.WatchedPages[2] = _whole.WatchedPages[3] = 1;
        _whole.NoteWrite(0xFFF, 0x3001);
        Assert.Equal([0UL, 2UL, 3UL], recorder.Pages);
    }

    private SafeFileHandle Duplicate() =>
        File.OpenHandle($"/proc/self/fd/{_whole.File.DangerousGetHandle()}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    private sealed class Recorder : IPageWriteObserver
    {
        public List<ulong> Pages { get; } = [];

        public void OnPageWritten(HostMemory memory, ulong page) => Pages.Add(page);
    }
}
