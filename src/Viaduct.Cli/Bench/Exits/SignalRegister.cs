using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>A register whose write raises an eventfd.</summary>
internal sealed class SignalRegister(EventFd signal) : IAccessHandler
{
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        signal.Signal();
        return AccessStatus.Done;
    }
}
