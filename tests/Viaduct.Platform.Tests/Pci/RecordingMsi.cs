using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Tests.Pci;

public sealed class RecordingMsi : IMsiSink
{
    public List<(ushort RequesterId, ulong Address, uint Data)> Messages { get; } = [];

    public void Signal(ushort requesterId, ulong address, uint data)
    {
        lock (Messages)
        {
            Messages.Add((requesterId, address, data));
        }
    }
}
