using System.Text;
using Viaduct.Emulated.Serial;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>Viaduct, in this process.</summary>
internal sealed class ViaductMonitor : IDiskMonitor
{
    private readonly MachineSpec _spec;
    private readonly EventLog _log = new(System.Console.Error);
    private VirtualMachine? _machine;

    /// <param name="spec">The machine.</param>
    internal ViaductMonitor(MachineSpec spec) => _spec = spec;

    /// <inheritdoc/>
    public string Name => "Viaduct";

    /// <inheritdoc/>
    public Task<string> Ended { get; private set; } = Task.FromResult("not started");

    /// <summary>What runs the guest, once it has started.</summary>
    internal string Engine => _machine!.Engine.Name;

    /// <inheritdoc/>
    public void Start(ISerialSink console)
    {
        _machine = new VirtualMachine(_spec, console, _log);
        Ended = EndOf(_machine);
        _machine.Start();
    }

    /// <inheritdoc/>
    public void Type(string line) => _machine!.Serial.Receive(Encoding.ASCII.GetBytes(line + "\n"));

    /// <inheritdoc/>
    public DeviceCounts? Counts(string disk) => _machine!.Devices.Single(device => device.Id == disk).Counters.Read();

    /// <inheritdoc/>
    public void Dispose()
    {
        _machine?.Dispose();
        _log.Flush();
    }

    private static async Task<string> EndOf(VirtualMachine machine) => (await machine.Exited).Description;
}
