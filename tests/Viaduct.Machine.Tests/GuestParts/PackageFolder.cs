using Viaduct.Machine.GuestParts;

namespace Viaduct.Machine.Tests.GuestParts;

/// <summary>A cache folder that has packages in it already, so that nothing is downloaded.</summary>
internal sealed class PackageFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-packages-");

    internal PackageFolder() => Packages = new DebianPackages(_folder.FullName, text => throw new InvalidOperationException(text));

    internal DebianPackages Packages { get; }

    internal string Path => _folder.FullName;

    internal PackageFolder Stands(string metaPackage, string package)
    {
        File.WriteAllText(System.IO.Path.Combine(Path, $"{metaPackage}.name"), package + "\n");
        return this;
    }

    internal PackageFolder Has(string package, string file, params ReadOnlySpan<byte> bytes)
    {
        string path = System.IO.Path.Combine(Path, "packages", package, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return this;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
