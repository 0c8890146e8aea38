using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Where interrupts go: 20 bytes, with a descriptor for each (VFIO's <c>vfio_irq_set</c>).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IrqSetMessage
{
    /// <summary>No data: all of the range.</summary>
    public const uint DataNone = 1 << 0;

    /// <summary>A byte for each follows.</summary>
    public const uint DataBool = 1 << 1;

    /// <summary>A descriptor for each comes with the message.</summary>
    public const uint DataEventFd = 1 << 2;

    /// <summary>Masks.</summary>
    public const uint Mask = 1 << 3;

    /// <summary>Unmasks.</summary>
    public const uint Unmask = 1 << 4;

    /// <summary>Sets who is raised, or raises.</summary>
    public const uint Trigger = 1 << 5;

    /// <summary>Bytes of the message without its header.</summary>
    public uint ArgSize;

    /// <summary>One of the data flags and one of the actions.</summary>
    public uint Flags;

    /// <summary>The kind: <see cref="AssignedInterrupt"/>.</summary>
    public uint Index;

    /// <summary>The first.</summary>
    public uint Start;

    /// <summary>How many; none, with <see cref="DataNone"/> and <see cref="Trigger"/>, switches the kind off.</summary>
    public uint Count;
}
