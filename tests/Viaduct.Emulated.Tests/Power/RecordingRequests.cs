using Viaduct.Emulated.Power;

namespace Viaduct.Emulated.Tests.Power;

internal sealed class RecordingRequests : IPowerRequests
{
    public int PowerOffs { get; private set; }

    public int Resets { get; private set; }

    public void PowerOff() => PowerOffs++;

    public void Reset() => Resets++;
}
