namespace Viaduct.Assigned;

/// <summary>Switches the watched doorbells of a device between signal and memory.</summary>
public interface IDoorbellTrapper
{
    /// <summary>
    /// Makes writes raise their signals, or go to memory. When arming returns, no write can pass without a signal any
    /// more, and those that did are in memory. A thread of the device's that no processor waits for.
    /// </summary>
    /// <param name="armed">Whether they signal.</param>
    void SetArmed(bool armed);
}
