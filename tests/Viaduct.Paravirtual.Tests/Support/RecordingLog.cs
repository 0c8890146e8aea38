using System.Collections.Concurrent;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Support;

internal sealed class RecordingLog : IEventLog
{
    internal ConcurrentQueue<string> Lines { get; } = [];

    public void Warn(string source, string message) => Lines.Enqueue($"{source}: {message}");
}
