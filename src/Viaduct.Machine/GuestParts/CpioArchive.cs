using System.Buffers;
using System.Globalization;
using System.Text;

namespace Viaduct.Machine.GuestParts;

/// <summary>Writes an initial RAM disk: a cpio archive in the "newc" format that Linux unpacks (Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
public sealed class CpioArchive
{
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;
    private const int SymbolicLink = 0xA000;

    private readonly ArrayBufferWriter<byte> _archive = new(1 << 20);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private uint _inode = 1;

    /// <summary>Adds a folder, and those above it.</summary>
    public void AddFolder(string path)
    {
        string? above = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(above))
        {
            AddFolder(above);
        }

        if (_folders.Add(path))
        {
            Add(path, Folder | 0x1ED, []);
        }
    }

    /// <summary>Adds a file.</summary>
    /// <param name="path">Relative to the root.</param>
    /// <param name="contents">Its bytes.</param>
    /// <param name="executable">Whether it may be run.</param>
    public void AddFile(string path, ReadOnlySpan<byte> contents, bool executable = false)
    {
        AddParents(path);
        Add(path, RegularFile | (executable ? 0x1ED : 0x1A4), contents);
    }

    /// <summary>Adds a symbolic link.</summary>
    public void AddLink(string path, string target)
    {
        AddParents(path);
        Add(path, SymbolicLink | 0x1FF, Encoding.UTF8.GetBytes(target));
    }

    /// <summary>The whole archive.</summary>
    public byte[] Finish()
    {
        Add("TRAILER!!!", 0, []);
        return _archive.WrittenSpan.ToArray();
    }

    private void AddParents(string path)
    {
        string? above = Path.GetDirectoryName(path);
        if (!string.IsNullOrEmpty(above))
        {
            AddFolder(above);
        }
    }

    private void Add(string path, int mode, ReadOnlySpan<byte> contents)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");
        StringBuilder header = new("070701");
        foreach (uint field in (ReadOnlySpan<uint>)[_inode++, (uint)mode, 0, 0, 1, 0, (uint)contents.Length, 0, 0, 0, 0, (uint)name.Length, 0])
        {
            header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        }

        _archive.Write(Encoding.ASCII.GetBytes(header.ToString()));
        _archive.Write(name);
        Pad();
        _archive.Write(contents);
        Pad();
    }

    private void Pad()
    {
        while (_archive.WrittenCount % 4 != 0)
        {
            _archive.Write((ReadOnlySpan<byte>)[0]);
        }
    }
}
