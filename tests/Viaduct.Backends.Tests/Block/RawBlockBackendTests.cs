using Viaduct.Backends.Block;

namespace Viaduct.Backends.Tests.Block;

/// <summary>Opening disks: what is told of them, and what is refused with which words.</summary>
public sealed class RawBlockBackendTests
{
    [Fact]
    public void Open_WhenTheFileIsMissing_SaysSoAndWhatToDo()
    {
        BlockOpenException e = Assert.Throws<BlockOpenException>(() => Open("/nowhere/disk.img"));
        Assert.Contains("'/nowhere/disk.img': no such file", e.Message, StringComparison.Ordinal);
        Assert.Contains("truncate", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WhenItIsADirectory_SaysSo() =>
        Assert.Contains("it is a directory", Assert.Throws<BlockOpenException>(() => Open("/tmp")).Message, StringComparison.Ordinal);

    [Fact]
    public void Open_WhenItIsACharacterDevice_SaysSo() =>
        Assert.Contains("neither a regular file nor a block device", Assert.Throws<BlockOpenException>(() => Open("/dev/null")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "it is empty")]
    [InlineData(1000, "its size, 1000 bytes, is no multiple of 512")]
    public void Open_WhenTheSizeIsNoNumberOfBlocks_SaysSo(int length, string reason)
    {
        string path = Disk.NewFile(length);
        BlockOpenException e = Assert.Throws<BlockOpenException>(() => Open(path));
        File.Delete(path);
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_WhenAnotherWrites_IsRefusedWithItsName()
    {
        using Disk first = new(BlockEngine.Threads, 4096);
        BlockOpenException writer = Assert.Throws<BlockOpenException>(() => Open(first.Path));
        Assert.Contains($"in use by this same process (id {Environment.ProcessId})", writer.Message, StringComparison.Ordinal);
        Assert.Throws<BlockOpenException>(() => Open(first.Path, readOnly: true));
    }

    [Fact]
    public void Open_WhenAllOpenItReadOnly_IsShared()
    {
        using Disk first = new(BlockEngine.Threads, 4096);
        first.Backend.Dispose();
        using RawBlockBackend second = Open(first.Path, readOnly: true);
        using RawBlockBackend third = Open(first.Path, readOnly: true);
        Assert.Throws<BlockOpenException>(() => Open(first.Path));
        Assert.True(third.ReadOnly);
        Assert.False(third.CanDiscard);
    }

    [Fact]
    public void Dispose_GivesTheLockBack()
    {
        string path = Disk.NewFile(4096);
        Open(path).Dispose();
        Open(path).Dispose();
        File.Delete(path);
    }

    [Fact]
    public void Open_WithDirect_IsDirectOrSaysWhyNot()
    {
        using Disk disk = new(BlockEngine.Auto, 1 << 20, direct: true);
        Assert.Equal(disk.Backend.Direct, !disk.Backend.Notes.Any(note => note.Contains("page cache", StringComparison.Ordinal)));
    }

    [Fact]
    public void Engine_WhenChosenByItself_IsIoUringWhereAllowed()
    {
        using Disk disk = new(BlockEngine.Auto, 4096);
        Assert.Equal(IoUringSupport.Current.Usable ? BlockEngine.IoUring : BlockEngine.Threads, disk.Backend.Engine);
        Assert.Equal(IoUringSupport.Current.Usable, IoUringSupport.Current.Reason.Length == 0);
    }

    [Fact]
    public void Geometry_OfAFile_IsItsLengthInBlocksOf512()
    {
        using Disk disk = new(BlockEngine.Auto, 12 * 512);
        Assert.Equal(12UL * 512, disk.Backend.Length);
        Assert.Equal(512, disk.Backend.LogicalBlockSize);
        Assert.True(disk.Backend.PhysicalBlockSize >= 4096);
    }

    [Fact]
    public void Resize_TellsTheDevicesAndMakesTheNewBlocksUsable()
    {
        using Disk disk = new(BlockEngine.Auto, 4096);
        int told = 0;
        disk.Backend.LengthChanged += () => told++;
        Assert.NotEqual(0, disk.Write(4096, new byte[4096]));
        disk.Backend.Resize(8192);
        Assert.Equal(0, disk.Write(4096, new byte[4096]));
        disk.Backend.Refresh();
        Assert.Equal(1, told);
        Assert.Equal(8192UL, disk.Backend.Length);
    }

    private static RawBlockBackend Open(string path, bool readOnly = false) =>
        RawBlockBackend.Open(new RawBlockOptions { Path = path, ReadOnly = readOnly });
}
