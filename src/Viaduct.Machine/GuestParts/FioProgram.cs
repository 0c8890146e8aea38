namespace Viaduct.Machine.GuestParts;

/// <summary>
/// The load generator fio, for a guest's RAM disk. Debian's is linked with the libraries of every network storage that
/// it can drive, a hundred megabytes; a guest that loads its own disks needs none of them, so only C's own are kept.
/// </summary>
public static class FioProgram
{
    private const string Loader = "ld-linux-x86-64.so.2";
    private const string LoaderFolder = "lib64";

    private static readonly string[] _libraryFolders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

    /// <summary>Fetches it.</summary>
    /// <param name="packages">Where it comes from.</param>
    /// <returns>The program, at <c>bin/fio</c>, and what it needs.</returns>
    /// <exception cref="GuestPartsException">It can't be had.</exception>
    public static IReadOnlyList<RamDiskFile> Fetch(DebianPackages packages)
    {
        string libraries = packages.Unpack("libc6");
        string program = Path.Combine(packages.Unpack("fio"), "usr/bin/fio");
        if (!File.Exists(program) || FindLibrary(libraries, Loader) is not { } loader)
        {
            throw new GuestPartsException($"{packages.Folder}/packages has no whole fio or libc6: remove these folders there and try again");
        }

        List<RamDiskFile> files = [new($"{LoaderFolder}/{Loader}", File.ReadAllBytes(loader), Executable: true)];
        byte[] cut = LibraryCut.Cut(File.ReadAllBytes(program), name => FindLibrary(libraries, name) is not null, out IReadOnlyList<string> kept);
        files.Add(new RamDiskFile("bin/fio", cut, Executable: true));
        files.AddRange(kept.Select(name => new RamDiskFile($"{_libraryFolders[0]}/{name}", File.ReadAllBytes(FindLibrary(libraries, name)!), Executable: false)));
        return files;
    }

    private static string? FindLibrary(string folder, string name) =>
        _libraryFolders.Select(path => Path.Combine(folder, path, name)).FirstOrDefault(File.Exists);
}
