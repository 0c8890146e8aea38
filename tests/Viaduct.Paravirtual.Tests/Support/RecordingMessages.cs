using System.Collections.Concurrent;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>Keeps the data of the message-signalled interrupts that arrive.</summary>
internal sealed class RecordingMessages : IMsiSink
{
    private readonly ConcurrentQueue<uint> _data = [];
    private readonly Arrivals _arrived = new();

    internal uint[] Data => [.. _data];

    public void Signal(ushort requesterId, ulong address, uint data)
    {
        _data.Enqueue(data);
        _arrived.Add();
    }

    /// <summary>Waits for the next one.</summary>
    internal void Wait() => _arrived.Wait();
}
