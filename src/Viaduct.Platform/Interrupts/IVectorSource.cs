namespace Viaduct.Platform.Interrupts;

/// <summary>An interrupt controller before a processor's own, which says itself which vector to take: a pair of 8259As.</summary>
public interface IVectorSource
{
    /// <summary>Whether an interrupt waits. Any thread.</summary>
    bool IsPending { get; }

    /// <summary>Takes the interrupt of the highest priority. The processor's thread.</summary>
    /// <returns>Its vector; that of a spurious interrupt where none waits any more.</returns>
    int Acknowledge();
}
