using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Paravirtual.Workers;

/// <summary>Queue work that has no back-end to wait for: it sleeps until it is woken, or a doorbell is raised.</summary>
internal abstract class SignalledQueueWork : QueueWork
{
    private readonly EventFd _wake = new();
    private readonly EventFd _bell = new();
    private readonly DeviceCounters _counters;

    protected SignalledQueueWork(int slots, DeviceCounters counters)
        : base(slots) => _counters = counters;

    internal override EventFd? Bell => _bell;

    public override void Sleep()
    {
        EventFd.WaitForEither(_wake, _bell);
        _ = _wake.TryConsume();
        _counters.Doorbells(_bell.Take());
    }

    public override void Wake() => _wake.Signal();

    public override void Dispose()
    {
        base.Dispose();
        _wake.Dispose();
        _bell.Dispose();
    }

    protected override bool Complete() => false;

    protected override int Held(int slot) => 0;
}
