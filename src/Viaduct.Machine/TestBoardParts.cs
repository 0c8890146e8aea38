using Viaduct.Emulated.TestBoard;
using Viaduct.Engines.Software;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Machine;

/// <summary>What suites for bare machines expect of a board (<see cref="Specification.MachineSpec.TestBoard"/>).</summary>
internal static class TestBoardParts
{
    /// <summary>Puts the ports where they are looked for.</summary>
    internal static void Map(AddressSpace memory, AddressSpace ports, IEngine engine, Action<uint> exit)
    {
        InterruptPair? pair = engine is SoftwareEngine software ? MapPair(ports, software) : null;
        memory.Map("register memory", RegisterMemory.Address, RegisterMemory.Length, new RegisterMemory(), MappingPriority.Board);
        memory.Map("high precision counter", PrecisionCounter.Address, PrecisionCounter.Length, new PrecisionCounter(TimeProvider.System), MappingPriority.Board);
        ports.Map("exit port", ExitPort.Port, ExitPort.PortCount, new ExitPort(exit), MappingPriority.Board);
        ports.Map("scratch port 1", ScratchPort.Port, ScratchPort.PortCount, new ScratchPort(), MappingPriority.Board);
        ports.Map("scratch port 2", ScratchPort.SecondPort, ScratchPort.PortCount, new ScratchPort(), MappingPriority.Board);
        ports.Map("line ports", LinePorts.Port, LinePorts.PortCount, new LinePorts(line => pair is not null && line < InterruptPair.LineCount ? new TwoLines(engine.Line(line), pair.Line(line)) : engine.Line(line)), MappingPriority.Board);
    }

    // KVM's interrupt controllers have such a pair, on the same inputs.
    private static InterruptPair MapPair(AddressSpace ports, SoftwareEngine engine)
    {
        InterruptPair pair = new();
        pair.Attach(engine.Attach(pair));
        ports.Map("interrupt controller 1", InterruptPair.Port, InterruptPair.PortCount, pair.Master, MappingPriority.Board);
        ports.Map("interrupt controller 2", InterruptPair.SecondPort, InterruptPair.PortCount, pair.Slave, MappingPriority.Board);
        return pair;
    }

    /// <summary>A wire that goes to both kinds of interrupt controllers, as a board's do.</summary>
    private sealed class TwoLines(IInterruptLine first, IInterruptLine second) : IInterruptLine
    {
        public void Set(bool asserted)
        {
            first.Set(asserted);
            second.Set(asserted);
        }
    }
}
