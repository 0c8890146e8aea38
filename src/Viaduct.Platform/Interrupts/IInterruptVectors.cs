namespace Viaduct.Platform.Interrupts;

/// <summary>The message-signalled interrupts of a device, by number; who hosts the device decides what each becomes (an MSI-X table entry, an eventfd, a test's recorder).</summary>
public interface IInterruptVectors
{
    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>Raises one. Held back while masked. Any thread; must not block.</summary>
    /// <param name="vector">Zero-based, below <see cref="Count"/>.</param>
    void Signal(int vector);
}
