using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal sealed class NoMessages : IMsiSink
{
    public void Signal(ushort requesterId, ulong address, uint data) => throw new InvalidOperationException("No MSI is expected here");
}
