using Viaduct.Machine.GuestParts;
using Xunit;

namespace Viaduct.Machine.Tests.GuestParts;

public sealed class LibraryCutTests
{
    private static readonly LinkedProgram _program = new LinkedProgram()
        .Needing("librados.so.2").Needing("libc.so.6").Needing("librbd.so.1").Needing("libm.so.6")
        .With("main", defined: true)
        .With("rados_connect", "librados.so.2")
        .With("rbd_open")
        .With("malloc", "libc.so.6")
        .With("floor", "libm.so.6");

    [Fact]
    public void Cut_Libraries_AreNoLongerNeeded()
    {
        byte[] cut = Cut(_program.Build(), out IReadOnlyList<string> kept);
        (List<string> needed, bool rest) = LinkedProgram.NeededBy(cut);
        Assert.Equal(["libc.so.6", "libm.so.6"], kept);
        Assert.Equal(kept, needed);
        Assert.True(rest);
    }

    [Fact]
    public void Cut_TheirSymbols_MayBeMissing_AndNoOthers() =>
        Assert.Equal(["rados_connect", "rbd_open"], _program.WeakIn(Cut(_program.Build(), out _)));

    [Fact]
    public void Cut_TheirVersions_AreLookedForInLibrariesThatStay_AndMayBeMissing() =>
        Assert.Equal(
            [("libm.so.6", true), ("libc.so.6", false), ("libm.so.6", true), ("libm.so.6", false)],
            LinkedProgram.VersionsOf(Cut(_program.Build(), out _)));

    [Fact]
    public void Cut_PartOfAProgram_SaysSo()
    {
        byte[] program = _program.Build();
        for (int length = 0; length < program.Length; length += 7)
        {
            byte[] part = program[..length];
            Assert.Throws<GuestPartsException>(() => Cut(part, out _));
        }
    }

    [Fact]
    public void Fetch_FioAndItsLibrary_AreFilesOfTheRamDisk()
    {
        using PackageFolder folder = new();
        folder.Has("fio", "usr/bin/fio", _program.Build())
            .Has("libc6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 1)
            .Has("libc6", "lib/x86_64-linux-gnu/libm.so.6", 2)
            .Has("libc6", "lib/x86_64-linux-gnu/libc.so.6", 3);
        Assert.Equal(
            ["bin/fio", "lib/x86_64-linux-gnu/libc.so.6", "lib/x86_64-linux-gnu/libm.so.6", "lib64/ld-linux-x86-64.so.2"],
            FioProgram.Fetch(folder.Packages).Select(file => file.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Fetch_PackageWithoutItsProgram_SaysWhatToDo()
    {
        using PackageFolder folder = new();
        folder.Has("fio", "usr/share/doc/fio/copyright").Has("libc6", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", 1);
        Assert.Contains("remove", Assert.Throws<GuestPartsException>(() => FioProgram.Fetch(folder.Packages)).Message, StringComparison.Ordinal);
    }

    private static byte[] Cut(byte[] program, out IReadOnlyList<string> kept) =>
        LibraryCut.Cut(program, name => name.StartsWith("libc.", StringComparison.Ordinal) || name.StartsWith("libm.", StringComparison.Ordinal), out kept);
}
