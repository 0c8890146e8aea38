using System.Text;
using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Lab.Specification;

/// <summary>Reads a lab's file once, into values that are checked: what runs it trusts them.</summary>
internal static class LabReader
{
    /// <summary>The longest file, in bytes.</summary>
    internal const int MaxLength = 1 << 20;

    /// <summary>The most guests and the most devices.</summary>
    internal const int MaxParts = 64;

    /// <summary>The keys of a lab.</summary>
    internal static readonly string[] Keys = ["guests", "devices"];

    private static readonly UTF8Encoding _utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <exception cref="LabFileException">It can't be used; the messages name the places.</exception>
    internal static LabSpec ReadFile(string path)
    {
        string text;
        try
        {
            text = Load(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new LabFileException([$"{path}: {error.Message}"]);
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        return Read(text, path, folder);
    }

    /// <summary>Reads the text of a file.</summary>
    /// <param name="text">What it says.</param>
    /// <param name="name">The file's name for messages.</param>
    /// <param name="folder">What relative paths start from.</param>
    /// <exception cref="LabFileException">It can't be used; the messages name the places.</exception>
    internal static LabSpec Read(string text, string name, string folder)
    {
        YamlProblems problems = new();
        LabSpec? lab = YamlReader.Read(text, problems) is { } document ? Read(document, folder, problems) : null;
        return lab is null || problems.Any ? throw new LabFileException(problems.Messages(name)) : lab;
    }

    private static string Load(string path)
    {
        // A pipe or a device could go on for ever: only so much is read of anything.
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] bytes = new byte[MaxLength + 1];
        int length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length > MaxLength)
        {
            throw new IOException($"it is longer than {MaxLength} bytes");
        }

        try
        {
            return _utf8.GetString(bytes, 0, length);
        }
        catch (DecoderFallbackException error)
        {
            throw new IOException($"it is no UTF-8 text: byte {error.Index} begins no character");
        }
    }

    private static LabSpec Read(YamlNode document, string folder, YamlProblems problems)
    {
        YamlFields fields = new(document, "a lab", Keys, problems);
        LabDiskReader disks = new(folder, problems);
        List<LabDevice> devices = [.. Named(fields, "devices", "device", problems).Select(entry => LabDeviceReader.Read(entry.Key.Text, entry.Value, disks, problems))];
        LabAssignmentReader assignments = new(folder, devices.ToDictionary(device => device.Name, StringComparer.Ordinal), problems);
        LabGuestReader guests = new(folder, disks, new LabNetworkReader(folder, problems), assignments, problems);
        LabSpec lab = new()
        {
            Devices = devices,
            Guests = [.. Named(fields, "guests", "guest", problems).Select(entry => guests.Read(entry.Key.Text, entry.Value))],
        };
        if (lab.Guests.Count == 0 && !problems.Any)
        {
            problems.Add(fields.Place("guests"), "no guests", "'guests' with at least one");
        }

        return lab;
    }

    private static IEnumerable<YamlEntry> Named(YamlFields fields, string key, string what, YamlProblems problems)
    {
        switch (fields.Node(key))
        {
            case null:
                return [];
            case YamlMapping { Entries.Count: > MaxParts } mapping:
                problems.Add(mapping.At, $"{mapping.Entries.Count} {key}", $"at most {MaxParts}");
                return [];
            case YamlMapping mapping:
                foreach (YamlEntry entry in mapping.Entries.Where(entry => !LabNames.IsName(entry.Key.Text)))
                {
                    problems.Add(entry.Key.At, $"{entry.Key.Found} as the name of a {what}", LabNames.Rule);
                }

                return mapping.Entries.Where(entry => LabNames.IsName(entry.Key.Text));
            case { } node:
                problems.Add(node.At, node.Found, $"a mapping of each {what}'s name to what it is");
                return [];
        }
    }
}
