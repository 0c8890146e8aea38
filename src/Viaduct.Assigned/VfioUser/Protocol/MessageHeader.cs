using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>What every message begins with: 16 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct MessageHeader
{
    /// <summary>Bytes of it.</summary>
    public const int Length = 16;

    /// <summary>The sender's number of the command; the reply carries it, too.</summary>
    public ushort Id;

    /// <summary>What is asked for; the reply carries it, too.</summary>
    public VfioUserCommand Command;

    /// <summary>Bytes of the whole message, with the header.</summary>
    public uint Size;

    /// <summary>Type and more.</summary>
    public MessageFlags Flags;

    /// <summary>The errno of a reply with <see cref="MessageFlags.Error"/>.</summary>
    public uint Error;

    /// <summary>Whether it is a reply.</summary>
    public readonly bool IsReply => (Flags & MessageFlags.TypeMask) == MessageFlags.Reply;

    /// <summary>Whether it is a command whose sender waits for a reply.</summary>
    public readonly bool WantsReply => !IsReply && (Flags & MessageFlags.NoReply) == 0;
}
