using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Emulated.Nvme;

namespace Viaduct.Cli.Serve;

/// <summary>The open images of a served controller.</summary>
internal sealed class OpenDisks : IDisposable
{
    private readonly List<IBlockBackend> _disks = [];

    /// <exception cref="BlockOpenException">One can't be used.</exception>
    internal OpenDisks(IReadOnlyList<ServedDiskOption> options)
    {
        try
        {
            foreach (ServedDiskOption disk in options)
            {
                _disks.Add(RawBlockBackend.Open(disk.Image));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>All, in the order of the options.</summary>
    internal IReadOnlyList<IBlockBackend> All => _disks;

    /// <summary>The namespaces they make for a physical function and its virtual ones: one that is shared, one for the function that is named, or else equal parts for all.</summary>
    /// <exception cref="FormatException">One is too small to be divided.</exception>
    internal IReadOnlyList<NvmeNamespaceOptions> Share(IReadOnlyList<ServedDiskOption> options, int virtualFunctions)
    {
        const ulong SmallestPart = 1 << 20;
        int functions = virtualFunctions + 1;
        List<NvmeNamespaceOptions> namespaces = [];
        foreach ((ServedDiskOption option, IBlockBackend disk) in options.Zip(_disks))
        {
            if (option.Shared)
            {
                namespaces.Add(NvmeNamespaceOptions.Share(disk, functions));
            }
            else if (option.Function is { } function)
            {
                namespaces.Add(new NvmeNamespaceOptions { Disk = disk, Controllers = [function] });
            }
            else if (disk.Length / (ulong)functions < SmallestPart)
            {
                throw new FormatException($"--disk: {option.Image.Path} has {disk.Length} bytes, too few for {functions} functions: each takes 1 MiB; give it to one by vf=N, or to all by shared");
            }
            else
            {
                namespaces.AddRange(NvmeNamespaceOptions.Divide(disk, functions));
            }
        }

        return namespaces;
    }

    public void Dispose() => _disks.ForEach(disk => disk.Dispose());
}
