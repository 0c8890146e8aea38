using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Serial;

/// <summary>A line to an edge-triggered input.</summary>
internal sealed class EdgeLine : IInterruptLine, IDisposable
{
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _high = new();

    public bool Asserted => _high.IsSet;

    public int Edges { get; private set; }

    public void Set(bool asserted)
    {
        lock (_lock)
        {
            if (asserted == Asserted)
            {
                return;
            }

            if (asserted)
            {
                Edges++;
                _high.Set();
            }
            else
            {
                _high.Reset();
            }
        }
    }

    public void Dispose() => _high.Dispose();

    public bool WaitUntilAsserted(CancellationToken cancellation) => _high.Wait(TimeSpan.FromSeconds(30), cancellation);
}
