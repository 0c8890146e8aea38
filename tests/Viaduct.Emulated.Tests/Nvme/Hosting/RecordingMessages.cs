using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal sealed class RecordingMessages : IMsiSink
{
    private readonly Lock _lock = new();
    private readonly List<(ulong Address, uint Data)> _sent = [];

    public int Count(uint data)
    {
        lock (_lock)
        {
            return _sent.Count(message => message.Data == data);
        }
    }

    public void Signal(ushort requesterId, ulong address, uint data)
    {
        lock (_lock)
        {
            _sent.Add((address, data));
        }
    }
}
