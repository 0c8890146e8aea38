using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal sealed class RecordingLine : IInterruptLine
{
    public bool Asserted { get; private set; }

    public void Set(bool asserted) => Asserted = asserted;
}
