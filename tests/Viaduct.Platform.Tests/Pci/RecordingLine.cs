using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Tests.Pci;

public sealed class RecordingLine : IInterruptLine
{
    public bool Asserted { get; private set; }

    public int Changes { get; private set; }

    public void Set(bool asserted)
    {
        Asserted = asserted;
        Changes++;
    }
}
