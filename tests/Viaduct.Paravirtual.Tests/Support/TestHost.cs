namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>Counts what a device tells its host.</summary>
internal sealed class TestHost : IVirtioHost
{
    private readonly Arrivals _signalled = new();

    internal int Signals => _signalled.Count;

    internal int ConfigChanges { get; private set; }

    internal string? Failure { get; private set; }

    public void SignalQueue(int index) => _signalled.Add();

    public void ConfigChanged() => ConfigChanges++;

    public void Fail(int index, string reason) => Failure = reason;

    internal void Wait() => _signalled.Wait();
}
