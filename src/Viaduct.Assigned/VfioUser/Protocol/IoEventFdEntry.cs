using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>A part of a region where a write raises an eventfd: 48 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IoEventFdEntry
{
    /// <summary>The eventfd is raised; the value goes nowhere.</summary>
    public const uint EventFd = 0;

    /// <summary>The value goes to shared memory, then the eventfd is raised.</summary>
    public const uint ShadowedEventFd = 2;

    /// <summary>Only writes of <see cref="Match"/> raise it.</summary>
    public const uint HasMatch = 1 << 0;

    /// <summary>Viaduct's own: the device watches the memory while it has work and asks for the eventfd before it sleeps.</summary>
    public const uint Watched = 1u << 31;

    /// <summary>From the start of the region.</summary>
    public ulong Offset;

    /// <summary>Bytes.</summary>
    public ulong Size;

    /// <summary>Which of the reply's descriptors is the eventfd.</summary>
    public uint Descriptor;

    /// <summary><see cref="EventFd"/> or <see cref="ShadowedEventFd"/>; others are to be passed over.</summary>
    public uint Type;

    /// <summary><see cref="HasMatch"/> and <see cref="Watched"/>.</summary>
    public uint Flags;

    /// <summary>Which of the reply's descriptors is the shared memory.</summary>
    public uint ShadowDescriptor;

    /// <summary>Where in the shared memory the part begins.</summary>
    public ulong ShadowOffset;

    /// <summary>The value, with <see cref="HasMatch"/>.</summary>
    public ulong Match;
}
