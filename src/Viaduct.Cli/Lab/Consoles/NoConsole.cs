using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>A console that nobody looks at.</summary>
internal sealed class NoConsole : ILabConsole
{
    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        // Nobody listens.
    }

    /// <inheritdoc/>
    public void Started(VirtualMachine machine)
    {
        // Nobody types.
    }

    /// <inheritdoc/>
    public void Ended(VirtualMachine machine)
    {
        // Nobody types.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }
}
