using System.Diagnostics;

namespace Viaduct.Machine.GuestParts;

/// <summary>
/// Packages of the host's Debian, downloaded by <c>apt-get download</c> and unpacked into a cache folder, never
/// installed: where the demonstration's kernel and programs come from.
/// </summary>
public sealed class DebianPackages
{
    private readonly Action<string> _progress;

    /// <param name="folder">The cache folder; made when it isn't there.</param>
    /// <param name="progress">Told what is being fetched, a line each.</param>
    public DebianPackages(string folder, Action<string> progress)
    {
        Folder = folder;
        _progress = progress;
    }

    /// <summary>The cache folder of this user: <c>$XDG_CACHE_HOME/viaduct</c> or <c>~/.cache/viaduct</c>.</summary>
    public static string DefaultFolder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            return Path.Combine(
                string.IsNullOrEmpty(cache) ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache") : cache,
                "viaduct");
        }
    }

    /// <summary>Where everything is kept.</summary>
    public string Folder { get; }

    /// <summary>The folder of a package's unpacked files, fetched if it isn't there yet.</summary>
    /// <param name="package">Its name.</param>
    /// <exception cref="GuestPartsException">It can't be had.</exception>
    public string Unpack(string package)
    {
        string target = Path.Combine(Folder, "packages", package);
        if (Directory.Exists(target))
        {
            return target;
        }

        _progress($"fetching {package}");
        string work = Path.Combine(Folder, $"fetch-{Environment.ProcessId}-{package}");
        Directory.CreateDirectory(work);
        try
        {
            Download(package, work);
            string archive = Directory.GetFiles(work, "*.deb").FirstOrDefault()
                ?? throw new GuestPartsException($"apt-get download {package} left no package in {work}");
            string files = Path.Combine(work, "files");
            Run("dpkg-deb", work, "-x", archive, files);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            MoveInto(files, target);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }

        return target;
    }

    /// <summary>The package that a meta package stands for: the first that it depends on with such a prefix.</summary>
    /// <param name="package">The meta package, e.g. <c>linux-image-cloud-amd64</c>.</param>
    /// <param name="prefix">How the name begins, e.g. <c>linux-image-</c>.</param>
    /// <exception cref="GuestPartsException">The package lists don't have it.</exception>
    public string Resolve(string package, string prefix)
    {
        string remembered = Path.Combine(Folder, $"{package}.name");
        if (File.Exists(remembered))
        {
            return File.ReadAllText(remembered).Trim();
        }

        string name = TryResolve(package, prefix) ?? UpdateLists(package, prefix);
        Directory.CreateDirectory(Folder);
        File.WriteAllText(remembered, name + "\n");
        return name;
    }

    private static string? TryResolve(string package, string prefix)
    {
        (int status, string output) = TryRun("apt-cache", ".", "depends", "--important", package);
        return status != 0
            ? null
            : output.Split('\n')
                .Select(line => line.Trim())
                .Where(line => line.StartsWith("Depends: " + prefix, StringComparison.Ordinal))
                .Select(line => line["Depends: ".Length..])
                .FirstOrDefault();
    }

    private string UpdateLists(string package, string prefix)
    {
        if (Environment.UserName != "root")
        {
            throw new GuestPartsException($"the package lists have no {package}: run 'apt-get update' as root, or give a kernel and an initrd of your own to 'viaduct run'");
        }

        _progress("updating the package lists");
        Run("apt-get", ".", "update", "-qq");
        return TryResolve(package, prefix)
            ?? throw new GuestPartsException($"this system's package sources have no {package}; give a kernel and an initrd of your own to 'viaduct run'");
    }

    private void Download(string package, string folder)
    {
        (int status, string output) = TryRun("apt-get", folder, "download", "-qq", package);
        if (status == 0)
        {
            return;
        }

        if (Environment.UserName != "root")
        {
            throw new GuestPartsException($"apt-get download {package} failed: {output.Trim()}; an 'apt-get update' as root may help");
        }

        _progress("updating the package lists");
        Run("apt-get", folder, "update", "-qq");
        Run("apt-get", folder, "download", "-qq", package);
    }

    private static void MoveInto(string files, string target)
    {
        try
        {
            Directory.Move(files, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // Another process fetched the same package meanwhile: its files are as good.
        }
    }

    private static void Run(string program, string folder, params string[] arguments)
    {
        (int status, string output) = TryRun(program, folder, arguments);
        if (status != 0)
        {
            throw new GuestPartsException($"{program} {string.Join(' ', arguments)} failed ({status}): {output.Trim()}");
        }
    }

    private static (int Status, string Output) TryRun(string program, string folder, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, process.ExitCode == 0 ? output : output + errors.Result);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new GuestPartsException($"{program} can't be run ({error.Message}); guest parts come from Debian's packages, so use a Debian system, or give a kernel and an initrd of your own to 'viaduct run'");
        }
    }
}
