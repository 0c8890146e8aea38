using Viaduct.Platform.Host;

namespace Viaduct.Platform.Interrupts;

/// <summary>
/// Interrupts that an eventfd raises past the monitor: an ability of an engine, or of an interrupt remapper before it,
/// which passes on what its tables make of a message. Any thread; nothing here waits for a processor.
/// </summary>
public interface IInterruptEvents
{
    /// <summary>Gives an eventfd a message to be; disconnected at first.</summary>
    /// <param name="signal">What is raised; alive until the event is disposed.</param>
    /// <returns>Null when there is no room for one more: the caller passes it on itself.</returns>
    IMessageEvent? AddMessage(EventFd signal);

    /// <summary>Connects an eventfd to an input of the I/O APIC, level-triggered, beside the input's other sources.</summary>
    /// <param name="globalSystemInterrupt">The input.</param>
    /// <param name="signal">Asserts the input; alive until the event is disposed.</param>
    /// <param name="resample">Raised when the guest has served the interrupt and the input was released: who still wants attention raises <paramref name="signal"/> again.</param>
    /// <returns>Null when that can't be had.</returns>
    IPinEvent? AddPin(int globalSystemInterrupt, EventFd signal, EventFd resample);
}
