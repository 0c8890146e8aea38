using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Interrupts of a kind: 16 bytes, request and reply alike (VFIO's <c>vfio_irq_info</c>).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IrqInfoMessage
{
    /// <summary>They can raise eventfds.</summary>
    public const uint CanSignal = 1 << 0;

    /// <summary>They can be masked.</summary>
    public const uint CanMask = 1 << 1;

    /// <summary>They are masked when they were raised, until they are unmasked.</summary>
    public const uint MaskedWhenRaised = 1 << 2;

    /// <summary>They can only be set all at once.</summary>
    public const uint FixedCount = 1 << 3;

    /// <summary>Bytes that the asker has room for.</summary>
    public uint ArgSize;

    /// <summary>What can be done with them.</summary>
    public uint Flags;

    /// <summary>The kind: <see cref="AssignedInterrupt"/>.</summary>
    public uint Index;

    /// <summary>How many.</summary>
    public uint Count;
}
