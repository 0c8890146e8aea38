using Viaduct.Platform.Host;

namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// A place among registers where a write needs no answer and no code of the device's: an engine that can raises the
/// eventfd for it without leaving the guest for the monitor; others call the handler, which does the same.
/// </summary>
/// <param name="Offset">Bytes from the start of the registers.</param>
/// <param name="Size">How many bytes are written: 1, 2, 4 or 8; zero for any.</param>
/// <param name="Signal">What is raised. Alive as long as the signal can be reached by a mapping.</param>
public sealed record DoorbellSignal(ulong Offset, int Size, EventFd Signal)
{
    /// <summary>What has to be written; null for anything. Only with a <see cref="Size"/>.</summary>
    public ulong? Value { get; init; }

    /// <summary>Whether who takes the eventfd back counts the doorbells by its value; where another process does, nobody here can.</summary>
    public bool IsCounted { get; init; } = true;
}
