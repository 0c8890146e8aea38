using Viaduct.Emulated.Serial;
using Viaduct.Paravirtual.Console;

namespace Viaduct.Machine;

/// <summary>The way in to a machine's console, whichever device that is. Any thread.</summary>
public sealed class MachineConsole
{
    private readonly Uart16550 _serial;
    private readonly ConsoleDevice? _virtio;

    /// <param name="serial">The first serial port.</param>
    /// <param name="virtio">The virtio console, where that is the console.</param>
    internal MachineConsole(Uart16550 serial, ConsoleDevice? virtio)
    {
        _serial = serial;
        _virtio = virtio;
        if (virtio is null)
        {
            serial.InputReady += () => InputReady?.Invoke();
        }
        else
        {
            virtio.InputReady += () => InputReady?.Invoke();
        }
    }

    /// <summary>Told when the guest has taken input, so that there is room again.</summary>
    public event Action? InputReady;

    /// <summary>Sends characters to the guest.</summary>
    /// <returns>How many there was room for.</returns>
    public int Receive(ReadOnlySpan<byte> bytes) => _virtio is null ? _serial.Receive(bytes) : _virtio.Send(bytes);

    /// <summary>Says the terminal's size, which a serial port has no way to pass on.</summary>
    public void Resize(ushort columns, ushort rows) => _virtio?.Resize(columns, rows);
}
