using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>The log of one guest among several: its name stands before each source's.</summary>
/// <param name="guest">The guest's name.</param>
/// <param name="log">The log of all.</param>
internal sealed class GuestLog(string guest, IEventLog log) : IEventLog
{
    /// <inheritdoc/>
    public void Warn(string source, string message) => log.Warn($"{guest}: {source}", message);
}
