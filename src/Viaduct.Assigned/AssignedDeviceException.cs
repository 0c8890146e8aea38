namespace Viaduct.Assigned;

/// <summary>A device can't be had.</summary>
public sealed class AssignedDeviceException : IOException
{
    /// <param name="message">Which device, why, and what to do.</param>
    /// <param name="isHeld">Whether another guest holds it.</param>
    /// <param name="inner">The cause.</param>
    public AssignedDeviceException(string message, bool isHeld = false, Exception? inner = null)
        : base(message, inner) => IsHeld = isHeld;

    /// <summary>Whether another guest holds the device; the message says who.</summary>
    public bool IsHeld { get; }
}
