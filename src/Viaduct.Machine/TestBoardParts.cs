using Viaduct.Emulated.TestBoard;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine;

/// <summary>What suites for bare machines expect of a board (<see cref="Specification.MachineSpec.TestBoard"/>).</summary>
internal static class TestBoardParts
{
    /// <summary>Puts the ports where they are looked for.</summary>
    internal static void Map(AddressSpace ports, IEngine engine, Action<uint> exit)
    {
        ports.Map("exit port", ExitPort.Port, ExitPort.PortCount, new ExitPort(exit), MappingPriority.Board);
        ports.Map("scratch port 1", ScratchPort.Port, ScratchPort.PortCount, new ScratchPort(), MappingPriority.Board);
        ports.Map("scratch port 2", ScratchPort.SecondPort, ScratchPort.PortCount, new ScratchPort(), MappingPriority.Board);
        ports.Map("line ports", LinePorts.Port, LinePorts.PortCount, new LinePorts(engine.Line), MappingPriority.Board);
    }
}
