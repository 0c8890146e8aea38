using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>Keeps what is reported, and lets a test wait for it.</summary>
internal sealed class ListLog : IEventLog
{
    private readonly object _lock = new();
    private readonly List<string> _lines = [];

    public void Warn(string source, string message)
    {
        lock (_lock)
        {
            _lines.Add($"{source}: {message}");
            Monitor.PulseAll(_lock);
        }
    }

    internal void Await(string part)
    {
        lock (_lock)
        {
            while (!_lines.Any(line => line.Contains(part, StringComparison.Ordinal)))
            {
                Assert.True(Monitor.Wait(_lock, TimeSpan.FromSeconds(60)), $"nothing about '{part}' in: {string.Join('\n', _lines)}");
            }
        }
    }
}
