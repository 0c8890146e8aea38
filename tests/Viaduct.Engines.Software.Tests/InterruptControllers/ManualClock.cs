using Viaduct.Engines.Software.InterruptControllers;

namespace Viaduct.Engines.Software.Tests.InterruptControllers;

internal sealed class ManualClock : IEngineClock
{
    public long Nanoseconds { get; set; }
}
