namespace Viaduct.Machine.Specification;

/// <summary>Which of a machine's devices is its console.</summary>
public enum ConsoleChoice
{
    /// <summary>The first serial port: Linux's ttyS0.</summary>
    Serial,

    /// <summary>A virtio console: Linux's hvc0. The serial port is there, and nobody listens to it.</summary>
    Virtio,
}
