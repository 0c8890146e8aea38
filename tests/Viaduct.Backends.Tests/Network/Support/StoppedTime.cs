namespace Viaduct.Backends.Tests.Network.Support;

/// <summary>A clock that stands still.</summary>
internal sealed class StoppedTime : TimeProvider
{
    public override long GetTimestamp() => 0;
}
