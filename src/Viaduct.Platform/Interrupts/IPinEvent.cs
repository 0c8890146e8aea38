namespace Viaduct.Platform.Interrupts;

/// <summary>An eventfd's way to an input of the I/O APIC. Disposed, it asserts the input no more.</summary>
public interface IPinEvent : IDisposable
{
}
