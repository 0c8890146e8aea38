using Viaduct.Emulated.Serial;
using Viaduct.Machine;

namespace Viaduct.Cli.Lab.Consoles;

/// <summary>The far end of a guest's console.</summary>
internal interface ILabConsole : ISerialSink, IDisposable
{
    /// <summary>From now on input goes to this console: after a reset the guest has another.</summary>
    void Connect(MachineConsole console);

    /// <summary>The machine behind it has ended.</summary>
    void Disconnect();
}
