using Viaduct.Cli.Doctor.Host;

namespace Viaduct.Cli.Tests.Doctor;

/// <summary>A host's files, made up.</summary>
internal sealed class HostTree : IDisposable
{
    internal const string IntelGuest = "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme hypervisor\n";
    internal const string IntelBare = "vendor_id\t: GenuineIntel\nflags\t\t: fpu vme vmx\n";
    internal const string AmdBare = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu vme svm\n";

    private readonly string _root = Directory.CreateTempSubdirectory("viaduct-doctor-").FullName;

    internal HostFiles Files => new(_root);

    internal HostTree With(string path, string text = "")
    {
        string file = Path.Combine(_root, path);
        _ = Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return this;
    }

    internal HostTree With(string path, byte[] bytes)
    {
        _ = With(path);
        File.WriteAllBytes(Path.Combine(_root, path), bytes);
        return this;
    }

    internal HostTree WithFolder(string path)
    {
        _ = Directory.CreateDirectory(Path.Combine(_root, path));
        return this;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
