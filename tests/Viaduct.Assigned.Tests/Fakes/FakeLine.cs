using Viaduct.Platform.Interrupts;

namespace Viaduct.Assigned.Tests.Fakes;

/// <summary>A wire that can be waited for.</summary>
internal sealed class FakeLine : IInterruptLine
{
    private volatile bool _asserted;
    private int _rises;

    internal bool Asserted => _asserted;

    /// <summary>How often it was asserted when it wasn't.</summary>
    internal int Rises => Volatile.Read(ref _rises);

    public void Set(bool asserted)
    {
        if (asserted && !_asserted)
        {
            _rises++;
        }

        _asserted = asserted;
    }

    internal bool WaitAsserted() => SpinWait.SpinUntil(() => _asserted, TimeSpan.FromSeconds(30));
}
