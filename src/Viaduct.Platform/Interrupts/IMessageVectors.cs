namespace Viaduct.Platform.Interrupts;

/// <summary>A function's messages, which eventfds can raise as well: where they go, and while what masks them, is the guest's choice.</summary>
public interface IMessageVectors : IInterruptVectors
{
    /// <summary>Has an eventfd raise a vector from now on, beside others.</summary>
    /// <param name="vector">Zero-based, below <see cref="IInterruptVectors.Count"/>.</param>
    /// <param name="route">What it raises; it stays the caller's to dispose, after <see cref="Detach"/>.</param>
    void Attach(int vector, IMessageEvent route);

    /// <summary>Takes an eventfd away from a vector and disconnects it.</summary>
    void Detach(int vector, IMessageEvent route);
}
