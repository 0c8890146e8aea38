using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Registry;

/// <summary>A device that is this process's until it is disposed, or the process ends, however it ends.</summary>
public sealed class DeviceClaim : IDisposable
{
    private readonly RegistryFile _file;
    private RegistryRecord _record;

    internal DeviceClaim(RegistryFile file, RegistryRecord record, IReadOnlyDictionary<string, string> left)
    {
        _file = file;
        _record = record;
        Left = left;
    }

    /// <summary>What it was claimed by.</summary>
    public string Device => _record.Device;

    /// <summary>
    /// What the last holder noted and didn't take back: it ended before it could put things right, so this one has to.
    /// Empty where nothing is left.
    /// </summary>
    public IReadOnlyDictionary<string, string> Left { get; }

    /// <summary>What is noted now.</summary>
    public IReadOnlyDictionary<string, string> Noted => _record.Note;

    /// <summary>
    /// Writes down what is to be put right should this process end without doing so, in the place of what was noted
    /// before; <see cref="Left"/> counts as noted. To be called before the change that it is about, and with nothing
    /// once all is as it was.
    /// </summary>
    /// <param name="note">Words of the caller's choice.</param>
    /// <exception cref="HostException">It can't be written.</exception>
    public void Note(IReadOnlyDictionary<string, string> note)
    {
        _record = _record with { Note = note };
        _file.Write(_record);
    }

    /// <summary>Lets others have the device. What is noted stays noted.</summary>
    public void Dispose()
    {
        if (!DeviceRegistry.IsHostFunction(Device))
        {
            _file.Delete();
        }

        _file.Dispose();
    }
}
