using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;

namespace Viaduct.Platform.Engines;

/// <summary>What runs guest instructions: KVM or software. It has the processors and their interrupt controllers; memory and devices are the platform's.</summary>
public interface IEngine : IDisposable
{
    /// <summary><c>"kvm"</c> or <c>"software"</c>.</summary>
    string Name { get; }

    /// <summary>The processors; the first is the bootstrap processor.</summary>
    IReadOnlyList<IVirtualCpu> Cpus { get; }

    /// <summary>
    /// Its state, to be saved when all processors have been stopped and have returned, and restored before any has run;
    /// null where the engine can't be saved.
    /// </summary>
    ISavable? State => null;

    /// <summary>Where message-signalled interrupts arrive.</summary>
    IMsiSink Msi { get; }

    /// <summary>The input of the I/O APIC with the given global system interrupt number (0 to 23). One line per source: asking twice gives two lines whose OR is seen.</summary>
    IInterruptLine Line(int globalSystemInterrupt);

    /// <summary>Interrupts that eventfds raise past the monitor; null where the engine has none, and who has an eventfd waits for it and uses the others.</summary>
    IInterruptEvents? InterruptEvents { get; }

    /// <summary>
    /// Waits until no processor can still reach memory by what an address space showed before its last change.
    /// Soon, also while processors halt or are in a device. For a processor's thread only while a device answers it; not
    /// under a lock that a processor may want elsewhere.
    /// </summary>
    void Synchronize();
}
