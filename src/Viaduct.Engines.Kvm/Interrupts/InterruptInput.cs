using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Kvm.Interrupts;

/// <summary>An input of the interrupt controllers, which sees the OR of its lines.</summary>
internal sealed class InterruptInput(KvmMachine machine, int number)
{
    private readonly Lock _lock = new();
    private int _asserted;

    /// <summary>Another line to it.</summary>
    public IInterruptLine NewLine() => new Line(this);

    private void Change(ref bool state, bool asserted)
    {
        // Under the lock, or two changes could come to the kernel in the wrong order. It's a short call that waits for nobody.
        lock (_lock)
        {
            if (state == asserted)
            {
                return;
            }

            state = asserted;
            int before = _asserted;
            _asserted += asserted ? 1 : -1;
            if (before == 0 || _asserted == 0)
            {
                machine.SetLine(number, asserted);
            }
        }
    }

    private sealed class Line(InterruptInput input) : IInterruptLine
    {
        private bool _asserted;

        public void Set(bool asserted) => input.Change(ref _asserted, asserted);
    }
}
