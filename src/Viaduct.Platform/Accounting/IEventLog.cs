namespace Viaduct.Platform.Accounting;

/// <summary>Where devices and the board report what is worth a line to people; what a guest can cause at will is held to a rate.</summary>
public interface IEventLog
{
    /// <summary>Something went wrong that the monitor carries on from: a malformed command, a failed request.</summary>
    /// <param name="source">The device's or part's name; the rate is held for each.</param>
    /// <param name="message">One line, without the source.</param>
    void Warn(string source, string message);
}
