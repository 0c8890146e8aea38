using Viaduct.Machine.GuestParts;
using Viaduct.Machine.Tests.Compression;
using Xunit;

namespace Viaduct.Machine.Tests.GuestParts;

public sealed class GuestKernelTests : IDisposable
{
    private const string Meta = "linux-image-cloud-amd64";

    private readonly PackageFolder _folder = new();

    [Fact]
    public void Fetch_OnePackage_HasImageAndModules()
    {
        _folder.Stands(Meta, "linux-image-6.1.0-56-cloud-amd64")
            .Has("linux-image-6.1.0-56-cloud-amd64", "boot/vmlinuz-6.1.0-56-cloud-amd64", 1)
            .Has("linux-image-6.1.0-56-cloud-amd64", "lib/modules/6.1.0-56-cloud-amd64/kernel/drivers/nvme.ko", KernelModule.Build("depends="));
        GuestKernel kernel = GuestKernel.Fetch(_folder.Packages);
        Assert.Equal("6.1.0-56-cloud-amd64", kernel.Version);
        Assert.EndsWith("/boot/vmlinuz-6.1.0-56-cloud-amd64", kernel.Image, StringComparison.Ordinal);
        Assert.Equal(["nvme"], kernel.Modules.Order("nvme"));
    }

    [Fact]
    public void Fetch_PackageThatStandsForTwo_LooksIntoBoth()
    {
        _folder.Stands(Meta, "linux-image-7.2.12+deb14-cloud-amd64")
            .Has("linux-image-7.2.12+deb14-cloud-amd64", "usr/share/doc/linux-image/copyright")
            .Has("linux-binary-7.2.12+deb14-cloud-amd64", "usr/lib/modules/7.2.12+deb14-cloud-amd64/vmlinuz", 1)
            .Has("linux-modules-7.2.12+deb14-cloud-amd64", "usr/lib/modules/7.2.12+deb14-cloud-amd64/kernel/nvme.ko", KernelModule.Build("depends="));
        GuestKernel kernel = GuestKernel.Fetch(_folder.Packages);
        Assert.EndsWith("/7.2.12+deb14-cloud-amd64/vmlinuz", kernel.Image, StringComparison.Ordinal);
        Assert.Equal(["nvme"], kernel.Modules.Order("nvme"));
    }

    [Fact]
    public void Fetch_PackageWithoutModules_SaysWhatToDo()
    {
        _folder.Stands(Meta, "linux-image-1").Has("linux-image-1", "boot/vmlinuz-1", 1);
        GuestPartsException error = Assert.Throws<GuestPartsException>(() => GuestKernel.Fetch(_folder.Packages));
        Assert.Contains("lib/modules/1", error.Message, StringComparison.Ordinal);
        Assert.Contains("remove the folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_Dependencies_ComeFirstAndOnce()
    {
        _folder.Has("k", "kernel/a.ko", KernelModule.Build("license=GPL", "depends=b-core,c"))
            .Has("k", "kernel/b-core.ko", KernelModule.Build("depends=c,nowhere"))
            .Has("k", "kernel/c.ko", KernelModule.Build("depends="))
            .Has("k", "kernel/d.ko", KernelModule.Build("depends=a", "softdep=pre: e"))
            .Has("k", "kernel/e.ko", KernelModule.Build());
        KernelModules modules = new(Path.Combine(_folder.Path, "packages", "k"));
        Assert.Equal(["c", "b_core", "a", "e", "d"], modules.Order("d", "a", "built-in"));
    }

    [Fact]
    public void Read_PackedModule_IsUnpacked()
    {
        _folder.Has("k", "kernel/a.ko.xz", XzSample.Read(XzSample.Branches));
        KernelModules modules = new(Path.Combine(_folder.Path, "packages", "k"));
        Assert.Equal(XzSample.Bytes, modules.Read("a"));
    }

    [Fact]
    public void Read_BrokenModule_NamesIt()
    {
        _folder.Has("k", "kernel/a.ko.xz", XzSample.Read(XzSample.Branches).AsSpan(0, 5000));
        KernelModules modules = new(Path.Combine(_folder.Path, "packages", "k"));
        Assert.Contains("a.ko.xz", Assert.Throws<GuestPartsException>(() => modules.Read("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_FileThatIsNoModule_HasNoDependencies()
    {
        byte[] module = KernelModule.Build("depends=b");
        _folder.Has("k", "kernel/b.ko", KernelModule.Build());
        for (int length = 0; length < module.Length; length += 3)
        {
            _folder.Has("k", "kernel/a.ko", module.AsSpan(0, length));
            Assert.Equal(["a"], new KernelModules(Path.Combine(_folder.Path, "packages", "k")).Order("a"));
        }
    }

    public void Dispose() => _folder.Dispose();
}
