using Viaduct.Cli.Lab.Yaml;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads disks: of guests, and of served devices, which have no road to choose.</summary>
internal sealed class LabDiskReader
{
    /// <summary>The keys of a guest's disk.</summary>
    internal static readonly string[] GuestKeys = ["path", "create", "road", "format", "readonly", "direct", "id"];

    /// <summary>The keys of a served device's disk.</summary>
    internal static readonly string[] DeviceKeys = ["path", "create", "format", "readonly", "direct", "id", "vf", "shared"];

    private const ulong LeastSize = 4096;
    private const ulong MostSize = 64UL << 40;

    private readonly string _folder;
    private readonly YamlProblems _problems;
    private readonly Dictionary<string, (string Owner, bool ReadOnly)> _owners = new(StringComparer.Ordinal);

    /// <param name="folder">What relative paths start from.</param>
    /// <param name="problems">Gets what is wrong.</param>
    internal LabDiskReader(string folder, YamlProblems problems)
    {
        _folder = folder;
        _problems = problems;
    }

    /// <summary>Reads the list of disks of a guest or a device.</summary>
    /// <param name="owner">Its fields.</param>
    /// <param name="ownerName">For messages: "guest 'a'".</param>
    /// <param name="keys"><see cref="GuestKeys"/> or <see cref="DeviceKeys"/>.</param>
    /// <param name="virtualFunctions">How many a device has that disks may be for.</param>
    internal IReadOnlyList<LabDisk> Read(YamlFields owner, string ownerName, IReadOnlyList<string> keys, int virtualFunctions = 0)
    {
        List<LabDisk> disks = [];
        List<(string, YamlPosition)> ids = [];
        foreach (YamlNode item in owner.Items("disks", "a list of disks"))
        {
            YamlFields fields = new(item, "a disk", keys, _problems);
            LabDisk disk = Read(fields, disks.Count, virtualFunctions);
            Claim(disk, fields.Place("path"), ownerName);
            disks.Add(disk);
            ids.Add((disk.Id, fields.Place("id")));
        }

        LabNames.CheckUnique(ids, "disks", _problems);
        return disks;
    }

    private LabDisk Read(YamlFields fields, int index, int virtualFunctions)
    {
        string? path = fields.Text("path", "the path of a raw image or a block device");
        ulong? create = fields.Size("create", LeastSize, MostSize, 512);
        bool readOnly = fields.Flag("readonly");
        if (!fields.Has("path") && !fields.Has("create"))
        {
            _problems.Add(fields.At, "a disk without 'path' and 'create'", "the path of its file, or the size of one that is made for this run");
        }
        else if (!fields.Has("path") && readOnly)
        {
            _problems.Add(fields.Place("readonly"), "a disk made for this run that nobody can write", "a path, or no 'readonly'");
        }

        string? sharing = fields.Has("vf") ? "vf" : fields.Has("shared") ? "shared" : null;
        if (virtualFunctions == 0 && sharing is not null)
        {
            _problems.Add(fields.Place(sharing), $"'{sharing}' in a device that isn't shared", "'vfs' in the device");
        }
        else if (fields.Has("vf") && fields.Has("shared"))
        {
            _problems.Add(fields.Place("shared"), "'shared' beside 'vf'", "one of them: a disk is all functions' or one's");
        }

        _ = fields.OneOf("format", "raw");
        return new LabDisk
        {
            Id = LabNames.Id(fields, _problems, "disk", index),
            Path = path is null ? null : Path.GetFullPath(path, _folder),
            Create = create,
            Road = fields.OneOf("road", "emulated", "paravirtual") == "emulated" ? Road.Emulated : Road.Paravirtual,
            ReadOnly = readOnly,
            Direct = fields.Flag("direct"),
            Function = virtualFunctions == 0 ? null : (int?)fields.Number("vf", 0, virtualFunctions),
            Shared = fields.Flag("shared"),
        };
    }

    // Two writers of one file destroy each other's file system.
    private void Claim(LabDisk disk, YamlPosition at, string owner)
    {
        if (disk.Path is null || _owners.TryAdd(disk.Path, (owner, disk.ReadOnly)))
        {
            return;
        }

        (string holder, bool readOnly) = _owners[disk.Path];
        if (!readOnly || !disk.ReadOnly)
        {
            _problems.Add(at, $"a file that {holder} has already", "another file, or 'readonly: true' at both");
        }
    }
}
