using Viaduct.Platform.Accounting;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal sealed class ListLog : IEventLog
{
    public List<string> Lines { get; } = [];

    public void Warn(string source, string message)
    {
        lock (Lines)
        {
            Lines.Add($"{source}: {message}");
        }
    }
}
