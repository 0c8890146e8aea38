using Viaduct.Backends.Block;
using Viaduct.Cli.Lab.Specification;

namespace Viaduct.Cli.Lab;

/// <summary>A lab's own files, in a temporary folder that others can't look into and that goes with the lab: sockets, RAM disks, disks without a path.</summary>
internal sealed class LabFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-up-");

    /// <summary>A file's path in it.</summary>
    internal string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);

    /// <summary>A disk's file, made where it isn't there and is to be.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="owner">Whose it is, as a part of a file name.</param>
    /// <exception cref="BlockOpenException">It can't be made.</exception>
    internal string Disk(LabDisk disk, string owner)
    {
        string path = disk.Path ?? Path($"{owner}-{disk.Id}.img");
        if (disk.Create is { } length && !File.Exists(path))
        {
            try
            {
                using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write);
                file.SetLength((long)length);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new BlockOpenException(path, error.Message);
            }
        }

        return path;
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);
}
