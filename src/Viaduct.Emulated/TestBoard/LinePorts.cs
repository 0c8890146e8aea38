using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.TestBoard;

/// <summary>A port for each interrupt line, whose lowest bit is the line's level (QEMU's pc-testdev, ports 2000H to 2017H).</summary>
public sealed class LinePorts : IAccessHandler
{
    /// <summary>The port of line 0.</summary>
    public const ushort Port = 0x2000;

    /// <summary>How many lines there are.</summary>
    public const ushort PortCount = 24;

    private readonly IInterruptLine[] _lines;

    /// <param name="line">A line by its number.</param>
    public LinePorts(Func<int, IInterruptLine> line) => _lines = [.. Enumerable.Range(0, PortCount).Select(line)];

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        _lines[offset].Set((value & 1) != 0);
        return AccessStatus.Done;
    }
}
