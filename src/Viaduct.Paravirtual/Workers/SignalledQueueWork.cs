namespace Viaduct.Paravirtual.Workers;

/// <summary>Queue work that has no back-end to wait for: it sleeps until it is woken.</summary>
internal abstract class SignalledQueueWork : QueueWork
{
    private readonly AutoResetEvent _signal = new(false);

    protected SignalledQueueWork(int slots)
        : base(slots)
    {
    }

    public override void Sleep() => _signal.WaitOne();

    public override void Wake() => _signal.Set();

    public override void Dispose()
    {
        base.Dispose();
        _signal.Dispose();
    }

    protected override bool Complete() => false;

    protected override int Held(int slot) => 0;
}
