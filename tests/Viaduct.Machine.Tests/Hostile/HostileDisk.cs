using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>A small disk image of a road each, deleted at the end.</summary>
internal sealed class HostileDisk : IDisposable
{
    public const long Length = 1 << 20;

    private readonly string _emulated = NewFile();
    private readonly string _paravirtual = NewFile();

    public DiskSpec Emulated => new() { Id = "nvme", Path = _emulated, Road = Road.Emulated };

    public DiskSpec Paravirtual => new() { Id = "virtio", Path = _paravirtual, Road = Road.Paravirtual };

    public void Dispose()
    {
        File.Delete(_emulated);
        File.Delete(_paravirtual);
    }

    private static string NewFile()
    {
        string path = Path.GetTempFileName();
        using FileStream file = File.OpenWrite(path);
        file.SetLength(Length);
        return path;
    }
}
