using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Platform.Host;
using Viaduct.Sriov.Host.Interop;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>The attributes of a message, or of an attribute that holds others, one after the other. What doesn't fit is an error, never read past.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const int HeaderLength = 4;

    // The two highest bits say how the value is written, which the type implies.
    private const ushort TypeMask = 0x3FFF;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>What kind the current one is.</summary>
    internal ushort Type { get; private set; }

    /// <summary>What the current one holds.</summary>
    internal ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Goes on to the next; false after the last.</summary>
    /// <exception cref="HostException">There is a part of one.</exception>
    internal bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int length = _rest.Length < HeaderLength ? 0 : MemoryMarshal.Read<ushort>(_rest);
        if (length < HeaderLength || length > _rest.Length)
        {
            throw Malformed();
        }

        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[sizeof(ushort)..]) & TypeMask);
        Value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>The current one's value as a structure; what a newer kernel adds to it is left out.</summary>
    /// <exception cref="HostException">It is shorter.</exception>
    internal readonly T Read<T>()
        where T : unmanaged =>
        Value.Length >= Unsafe.SizeOf<T>() ? MemoryMarshal.Read<T>(Value) : throw Malformed();

    internal static HostException Malformed() => new("read the kernel's netlink answer", NetlinkCalls.EBADMSG);
}
