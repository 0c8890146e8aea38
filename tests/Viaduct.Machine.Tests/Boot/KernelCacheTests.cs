using Viaduct.Machine.Boot;
using Viaduct.Machine.Tests.Compression;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

public sealed class KernelCacheTests : IDisposable
{
    private readonly DirectoryInfo _above = Directory.CreateTempSubdirectory("viaduct-cache-");
    private readonly KernelCache _cache;
    private readonly string _folder;

    public KernelCacheTests()
    {
        _folder = Path.Combine(_above.FullName, "kernels");
        _cache = new KernelCache(_folder);
    }

    [Fact]
    public void TryUnpack_SecondTime_TakesWhatWasKept()
    {
        byte[] payload = PackedPayload.Xz();
        Assert.Equal(XzSample.Bytes, _cache.TryUnpack(payload));

        // Told apart by what it holds.
        byte[] other = new byte[XzSample.Bytes.Length];
        File.WriteAllBytes(Assert.Single(Directory.GetFiles(_folder)), other);
        Assert.Equal(other, _cache.TryUnpack(payload));
    }

    [Fact]
    public void TryUnpack_KeptFileOfAnotherLength_UnpacksAgain()
    {
        _ = _cache.TryUnpack(PackedPayload.Xz());
        string kept = Assert.Single(Directory.GetFiles(_folder));
        File.WriteAllBytes(kept, []);
        Assert.Equal(XzSample.Bytes, _cache.TryUnpack(PackedPayload.Xz()));
        Assert.Equal(XzSample.Bytes, File.ReadAllBytes(kept));
    }

    [Fact]
    public void TryUnpack_OtherPayload_IsOfAnotherName()
    {
        _ = _cache.TryUnpack(PackedPayload.Xz());
        byte[] kernel = new ElfFile().Build();
        Assert.Equal(kernel, _cache.TryUnpack(PackedPayload.Pack("gzip", kernel)));
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void TryUnpack_FormatThatUnpacksFast_KeepsNothing()
    {
        Assert.Equal(XzSample.Bytes, _cache.TryUnpack(PackedPayload.Pack("lz4", XzSample.Bytes)));
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public void TryUnpack_BrokenOrUnknown_KeepsNothing()
    {
        byte[] broken = PackedPayload.Xz();
        broken[5000] ^= 1;
        Assert.Throws<InvalidDataException>(() => _cache.TryUnpack(broken));
        Assert.Null(_cache.TryUnpack("BZh91AY&SY\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0001\u0000\u0000"u8));
        Assert.False(Directory.Exists(_folder));
    }

    [Fact]
    public void TryUnpack_FolderThatCannotBe_StillUnpacks()
    {
        File.WriteAllText(_folder, "a file");
        Assert.Equal(XzSample.Bytes, _cache.TryUnpack(PackedPayload.Xz()));
    }

    [Fact]
    public void TryUnpack_MoreThanItsCapacity_ForgetsTheOldest()
    {
        _ = _cache.TryUnpack(PackedPayload.Xz());
        string oldest = Assert.Single(Directory.GetFiles(_folder));
        File.SetLastWriteTimeUtc(oldest, DateTime.UnixEpoch);
        for (int i = 0; i < KernelCache.Capacity; i++)
        {
            _ = _cache.TryUnpack(PackedPayload.Pack("gzip", [.. XzSample.Bytes, (byte)i]));
        }

        Assert.Equal(KernelCache.Capacity, Directory.GetFiles(_folder).Length);
        Assert.False(File.Exists(oldest));
    }

    public void Dispose() => _above.Delete(recursive: true);
}
