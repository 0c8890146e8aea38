using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

internal sealed class CountingKick : ICpuKick
{
    public int Count { get; private set; }

    public void Kick() => Count++;
}
