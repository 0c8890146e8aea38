using System.Text;
using Viaduct.Cli.Bench.Disk;
using Viaduct.Emulated.Serial;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Tests.Bench;

/// <summary>A monitor without a guest: answers each line with others that are given.</summary>
internal sealed class ScriptedMonitor(string boot, Func<string, string?> answer) : IDiskMonitor
{
    private readonly TaskCompletionSource<string> _ended = new();
    private ISerialSink? _console;

    internal List<string> Typed { get; } = [];

    internal DeviceCounts? Cost { get; set; }

    public string Name => "scripted";

    public Task<string> Ended => _ended.Task;

    public void Start(ISerialSink console)
    {
        _console = console;
        console.Write(Encoding.ASCII.GetBytes(boot));
    }

    public void Type(string line)
    {
        Typed.Add(line);
        if (answer(line) is { } text)
        {
            _console!.Write(Encoding.ASCII.GetBytes(text));
        }
        else
        {
            _ended.SetResult("its plug was pulled");
        }
    }

    public DeviceCounts? Counts(string disk) => Cost;

    public void Dispose()
    {
    }
}
