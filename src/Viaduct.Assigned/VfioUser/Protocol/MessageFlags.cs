namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>The flags of a message header.</summary>
[Flags]
public enum MessageFlags : uint
{
    /// <summary>A command that wants a reply.</summary>
    None = 0,

    /// <summary>A reply.</summary>
    Reply = 1,

    /// <summary>The bits that hold the type.</summary>
    TypeMask = 0xF,

    /// <summary>A command that wants no reply.</summary>
    NoReply = 0x10,

    /// <summary>The reply says that the command failed, and why.</summary>
    Error = 0x20,
}
