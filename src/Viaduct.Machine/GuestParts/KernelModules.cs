using System.Collections.Concurrent;
using Viaduct.Machine.Compression;

namespace Viaduct.Machine.GuestParts;

/// <summary>The modules of an unpacked kernel package, with what each depends on. Several guests may be made of them at once.</summary>
public sealed class KernelModules
{
    /// <summary>The longest module of a stock kernel has a tenth of this.</summary>
    private const int MaxModule = 256 << 20;

    private readonly Dictionary<string, string> _paths = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _contents = new(StringComparer.Ordinal);

    /// <param name="folder">A folder that has <c>kernel/</c> in it: <c>lib/modules/VERSION</c> of a package.</param>
    public KernelModules(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, "*.ko*", SearchOption.AllDirectories))
        {
            _paths.TryAdd(NameOf(path), path);
        }
    }

    /// <summary>The modules to load, in order, for some to be there; those that are built into the kernel, or that it hasn't, are left out.</summary>
    public IReadOnlyList<string> Order(params ReadOnlySpan<string> names)
    {
        List<string> order = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            Visit(name.Replace('-', '_'), order, seen);
        }

        return order;
    }

    /// <summary>A module's bytes, unpacked. Any thread.</summary>
    public byte[] Read(string name) => _contents.GetOrAdd(name, static (_, path) => ReadFile(path), _paths[name]);

    private static byte[] ReadFile(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        return XzFile.IsXz(bytes) ? Unpack(path, bytes) : bytes;
    }

    private static byte[] Unpack(string path, byte[] packed)
    {
        try
        {
            return XzFile.Unpack(packed, MaxModule);
        }
        catch (InvalidDataException error)
        {
            throw new GuestPartsException($"{path} doesn't unpack: {error.Message}; remove its package's folder and try again");
        }
    }

    private static string NameOf(string path)
    {
        string name = Path.GetFileName(path);
        return name[..name.IndexOf(".ko", StringComparison.Ordinal)].Replace('-', '_');
    }

    private void Visit(string name, List<string> order, HashSet<string> seen)
    {
        if (!_paths.ContainsKey(name) || !seen.Add(name))
        {
            return;
        }

        foreach (string dependency in DependenciesOf(name))
        {
            Visit(dependency, order, seen);
        }

        order.Add(name);
    }

    // A package as it is downloaded has no modules.dep; the modules themselves say what they need, and softly want.
    private IEnumerable<string> DependenciesOf(string name)
    {
        foreach (string line in ModuleInfo.Read(Read(name)))
        {
            if (line.StartsWith("depends=", StringComparison.Ordinal))
            {
                foreach (string dependency in line["depends=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return dependency.Replace('-', '_');
                }
            }
            else if (line.StartsWith("softdep=pre: ", StringComparison.Ordinal))
            {
                foreach (string dependency in line["softdep=pre: ".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    yield return dependency.Replace('-', '_');
                }
            }
        }
    }
}
