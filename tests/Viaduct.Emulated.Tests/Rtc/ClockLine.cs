using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Rtc;

internal sealed class ClockLine : IInterruptLine
{
    public bool Asserted { get; private set; }

    public int Edges { get; private set; }

    public void Set(bool asserted)
    {
        Edges += asserted && !Asserted ? 1 : 0;
        Asserted = asserted;
    }
}
