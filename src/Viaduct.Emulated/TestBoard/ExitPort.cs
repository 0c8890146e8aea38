using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.TestBoard;

/// <summary>Ends the machine with a value that the guest chooses, by one write of 1, 2 or 4 bytes (QEMU's isa-debug-exit, of which programs for bare machines expect it). Only for suites that ask for it.</summary>
public sealed class ExitPort : IAccessHandler
{
    /// <summary>Its port.</summary>
    public const ushort Port = 0xF4;

    /// <summary>How many ports there are.</summary>
    public const ushort PortCount = 4;

    private readonly Action<uint> _exit;

    /// <param name="exit">Hears of the value.</param>
    public ExitPort(Action<uint> exit) => _exit = exit;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        _exit((uint)value);
        return AccessStatus.Done;
    }
}
