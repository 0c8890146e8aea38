using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>A register whose write interrupts by a message, for an engine that takes no eventfds.</summary>
internal sealed class MessageRegister(IMsiSink sink) : IAccessHandler
{
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        sink.Signal(0, ExitGuest.MessageAddress, ExitGuest.Vector);
        return AccessStatus.Done;
    }
}
