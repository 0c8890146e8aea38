namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>
/// How often a function's clients may have what costs the server much and a guest at work needs seldom: connections,
/// resets, maps, and refusals of what makes no sense. A burst is free; clients that go on are served that much later, so
/// that they can't take the host's processors from those who have other functions. Accesses aren't among it.
/// </summary>
internal sealed class ClientPace
{
    /// <summary>Credits of a connection, a reset or a refusal.</summary>
    internal const double Reset = 1;

    /// <summary>Credits of a map or unmap: a client may bring all its maps at once.</summary>
    internal const double Map = 1.0 / 32;

    private const double Burst = 256;
    private const double PerSecond = 100;

    // What a client leaves unpaid is the next one's to wait for, who may mean no harm.
    private const double MostDebt = PerSecond;

    private readonly TimeProvider _time;
    private double _credits = Burst;
    private long _since;

    internal ClientPace(TimeProvider time)
    {
        _time = time;
        _since = time.GetTimestamp();
    }

    /// <summary>Spends credits. The thread that serves.</summary>
    /// <returns>How long the client is to wait; zero as a rule.</returns>
    internal TimeSpan Spend(double credits)
    {
        long now = _time.GetTimestamp();
        double saved = Math.Min(Burst, _credits + (_time.GetElapsedTime(_since, now).TotalSeconds * PerSecond));
        _credits = Math.Max(saved - credits, -MostDebt);
        _since = now;
        return _credits >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_credits / PerSecond);
    }
}
