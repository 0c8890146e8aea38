using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Viaduct.Assigned.Registry.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Registry;

/// <summary>
/// Who has which device on this host: functions of its own hardware, and controllers that are served. A device is one
/// process's at a time, by a lock that the kernel ends with the process. Methods are for any thread and any number of
/// processes.
/// </summary>
public sealed class DeviceRegistry
{
    private readonly string _folder;
    private readonly IReadOnlyList<string> _others;

    /// <summary>A registry in a folder, which is made with the first claim.</summary>
    public DeviceRegistry(string folder)
        : this(folder, [])
    {
    }

    private DeviceRegistry(string folder, IReadOnlyList<string> others)
    {
        _folder = folder;
        _others = others;
    }

    /// <summary>
    /// This user's: <c>/run/viaduct</c> for root, who sees those of others as well; else <c>viaduct</c> in
    /// XDG_RUNTIME_DIR, in <c>/run/user/UID</c>, or below the home folder.
    /// </summary>
    public static DeviceRegistry Default { get; } = Find();

    /// <summary>Where it is.</summary>
    public string Folder => _folder;

    /// <summary>All devices that somebody has, or that a holder left with something to be put right.</summary>
    public IReadOnlyList<RegistryEntry> Entries
    {
        get
        {
            List<RegistryEntry> entries = [];
            foreach (string folder in (IEnumerable<string>)[_folder, .. _others])
            {
                foreach (string path in FilesOf(folder))
                {
                    if (Read(path) is { } entry && FileNameOf(entry.Device) == Path.GetFileName(path))
                    {
                        entries.Add(entry);
                    }
                }
            }

            return entries;
        }
    }

    /// <summary>Takes a device.</summary>
    /// <param name="device">The address of a host's function (<see cref="PciAddress"/>), or the folder of a served controller.</param>
    /// <param name="holder">Who wants it, for others to be told: <c>guest 'a'</c>.</param>
    /// <exception cref="AssignedDeviceException">Another has it; the message says who.</exception>
    /// <exception cref="HostException">The registry's folder can't be used.</exception>
    public DeviceClaim Claim(string device, string holder)
    {
        device = NameOf(device);
        CreateFolder();
        RegistryFile file = RegistryFile.OpenOrCreate(PathOf(device));
        try
        {
            if (!file.TryLock())
            {
                string who = file.Read() is { } other ? HolderOf(other).ToString() : "another process";
                throw new AssignedDeviceException($"{device} is held by {who}; a device goes to one at a time: end that one, or take another device", isHeld: true);
            }

            IReadOnlyDictionary<string, string> left = file.Read() is { } last && last.Device == device ? last.Note : new Dictionary<string, string>();
            RegistryRecord record = new() { Device = device, Process = Environment.ProcessId, Name = holder, Since = DateTimeOffset.UtcNow, Note = left };
            file.Write(record);
            if (!IsHostFunction(device))
            {
                Sweep();
            }

            return new DeviceClaim(file, record, left);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Who has a device, or left it with something to be put right; null where neither is known.</summary>
    /// <param name="device">As it was claimed by.</param>
    public RegistryEntry? Find(string device)
    {
        device = NameOf(device);
        RegistryEntry? found = null;
        foreach (string folder in (IEnumerable<string>)[_folder, .. _others])
        {
            if (Read(Path.Combine(folder, FileNameOf(device))) is { } entry && entry.Device == device && (found is null || entry.IsHeld))
            {
                found = entry;
            }
        }

        return found;
    }

    /// <summary>Whether a claimed device is a function of the host's, and no folder of a served controller.</summary>
    internal static bool IsHostFunction(string device) => PciAddress.TryParse(device, out _);

    // Folders of servers that were killed: these have locks of their own, so that a file too few here does no harm.
    private void Sweep()
    {
        foreach (string path in FilesOf(_folder).Where(path => !IsHostFunction(Path.GetFileName(path))))
        {
            using RegistryFile? file = RegistryFile.TryOpen(path);
            if (file is not null && !file.IsLocked())
            {
                file.Delete();
            }
        }
    }

    private static RegistryEntry? Read(string path)
    {
        using RegistryFile? file = RegistryFile.TryOpen(path);
        if (file is null)
        {
            return null;
        }

        // The lock first: who has it then wrote the record that is read, or a later one.
        bool isHeld = file.IsLocked();
        RegistryRecord? record = file.Read();
        return record is null || (!isHeld && record.Note.Count == 0)
            ? null
            : new RegistryEntry(record.Device, HolderOf(record), isHeld, record.Note);
    }

    private static DeviceHolder HolderOf(RegistryRecord record) =>
        new(record.Process, string.Concat(record.Name.Where(character => !char.IsControl(character))), record.Since);

    private void CreateFolder()
    {
        try
        {
            _ = Directory.CreateDirectory(_folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"make the registry's folder {_folder}", RegistryCalls.EACCES);
        }
    }

    private string PathOf(string device) => Path.Combine(_folder, FileNameOf(device));

    private static string NameOf(string device) => PciAddress.TryParse(device, out PciAddress address) ? address.ToString() : device;

    // An address is a file's name as it is; a folder's path is not, and may be too long.
    private static string FileNameOf(string device) => PciAddress.TryParse(device, out _)
        ? device
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(device)).AsSpan(0, 16));

    private static IReadOnlyList<string> FilesOf(string folder)
    {
        try
        {
            DirectoryInfo info = new(folder);
            return info.Exists && info.LinkTarget is null ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static DeviceRegistry Find()
    {
        const string Users = "/run/user";
        const string Name = "viaduct";
        uint user = RegistryCalls.geteuid();
        if (user == 0)
        {
            return new DeviceRegistry("/run/viaduct", Directory.Exists(Users) ? [.. Directory.EnumerateDirectories(Users).Select(each => Path.Combine(each, Name))] : []);
        }

        string own = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } given ? given
            : Path.Combine(Users, user.ToString(CultureInfo.InvariantCulture));
        return Directory.Exists(own)
            ? new DeviceRegistry(Path.Combine(own, Name), ["/run/viaduct"])
            : new DeviceRegistry(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/state/viaduct/run"), ["/run/viaduct"]);
    }
}
