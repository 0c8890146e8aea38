using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;

namespace Viaduct.Sriov.Tests.Fakes;

/// <summary>A controller with a small disk that is divided among its functions, served in a folder of its own.</summary>
internal sealed class Rig : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("sriov");
    private readonly RawBlockBackend _disk;

    private readonly StringWriter _log = new();

    internal Rig(int virtualFunctions)
    {
        string image = Path.Combine(_home.FullName, "disk.img");
        using (FileStream file = File.Create(image))
        {
            file.SetLength((virtualFunctions + 1) << 20);
        }

        _disk = RawBlockBackend.Open(new RawBlockOptions { Path = image });
        Options = new NvmeSubsystemOptions
        {
            Id = "test",
            Namespaces = NvmeNamespaceOptions.Divide(_disk, virtualFunctions + 1),
            VirtualFunctions = virtualFunctions,
        };
        Controller = new ServedController(Options, Folder, new EventLog(TextWriter.Synchronized(_log)));
    }

    internal NvmeSubsystemOptions Options { get; }

    internal string Folder => Path.Combine(_home.FullName, "n");

    internal ServedController Controller { get; }

    /// <summary>What it said. Of a controller that has ended.</summary>
    internal string LogText => _log.ToString();

    internal IEnumerable<string?> Files => Directory.EnumerateFiles(Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal);

    internal VfioUserDevice Take(string function, string holder) =>
        (VfioUserDevice)new VfioUserSource(Path.Combine(Folder, function + ".sock"), holder).Open();

    internal FunctionState State(string function) => Controller.Functions.Single(each => each.Name == function);

    public void Dispose()
    {
        Controller.Dispose();
        _disk.Dispose();
        _home.Delete(recursive: true);
        _log.Dispose();
    }
}
