using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>A file that gets what the guest writes, from its power-on.</summary>
internal sealed class FileConsole : ILabConsole
{
    private readonly FileStream _file;

    /// <exception cref="IOException">The file can't be written.</exception>
    internal FileConsole(string path) =>
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _file.Write(bytes);

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        // A file has no input.
    }

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine)
    {
        // A file has no input.
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
