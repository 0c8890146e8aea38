using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>A wire that can be waited for.</summary>
internal sealed class FakeLine : IInterruptLine
{
    private volatile bool _asserted;

    internal bool Asserted => _asserted;

    public void Set(bool asserted) => _asserted = asserted;

    internal bool WaitAsserted() => SpinWait.SpinUntil(() => _asserted, TimeSpan.FromSeconds(30));
}
