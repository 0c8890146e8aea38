namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// How often a client may have what costs the server much and a guest at work needs seldom: resets, maps, and refusals
/// of what makes no sense. A burst is free; a client that goes on is served that much later, so that it can't take the
/// host's processors from those who have other functions. Accesses aren't among it.
/// </summary>
internal sealed class ClientPace
{
    /// <summary>Credits of a reset or a refusal.</summary>
    internal const double Reset = 1;

    /// <summary>Credits of a map or unmap: a client may bring all its maps at once.</summary>
    internal const double Map = 1.0 / 32;

    private const double Burst = 256;
    private const double PerSecond = 100;

    private readonly TimeProvider _time;
    private double _credits = Burst;
    private long _since;

    internal ClientPace(TimeProvider time)
    {
        _time = time;
        _since = time.GetTimestamp();
    }

    /// <summary>Spends credits.</summary>
    /// <returns>How long the client is to wait; zero as a rule.</returns>
    internal TimeSpan Spend(double credits)
    {
        long now = _time.GetTimestamp();
        _credits = Math.Min(Burst, _credits + (_time.GetElapsedTime(_since, now).TotalSeconds * PerSecond)) - credits;
        _since = now;
        return _credits >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_credits / PerSecond);
    }
}
