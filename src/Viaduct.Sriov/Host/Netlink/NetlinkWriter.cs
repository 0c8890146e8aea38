using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Sriov.Host.Netlink;

/// <summary>Writes one netlink message: a header (struct nlmsghdr), then attributes, which may hold others. Numbers are of the host's byte order.</summary>
internal sealed class NetlinkWriter
{
    internal const int HeaderLength = 16;

    private const int Capacity = 512;
    private const int AttributeHeaderLength = 4;

    private readonly byte[] _bytes = new byte[Capacity];
    private int _length = HeaderLength;

    /// <param name="type">What is asked.</param>
    /// <param name="flags">NLM_F_….</param>
    internal NetlinkWriter(ushort type, ushort flags)
    {
        const int TypeOffset = 4;
        const int FlagsOffset = 6;
        MemoryMarshal.Write(_bytes.AsSpan(TypeOffset), type);
        MemoryMarshal.Write(_bytes.AsSpan(FlagsOffset), flags);
    }

    /// <summary>Adds a structure, padded to 4 bytes.</summary>
    /// <exception cref="ArgumentException">The message gets too long: a mistake of the caller's.</exception>
    internal NetlinkWriter Add<T>(T value)
        where T : unmanaged
    {
        int end = _length + Aligned(Unsafe.SizeOf<T>());
        MemoryMarshal.Write(_bytes.AsSpan(_length), value);
        _length = end;
        return this;
    }

    /// <summary>Adds an attribute.</summary>
    internal NetlinkWriter Attribute<T>(ushort type, T value)
        where T : unmanaged
    {
        Header(_length, type, AttributeHeaderLength + Unsafe.SizeOf<T>());
        _length += AttributeHeaderLength;
        return Add(value);
    }

    /// <summary>Adds an attribute that holds others.</summary>
    internal NetlinkWriter Nest(ushort type, Action<NetlinkWriter> content)
    {
        int begin = _length;
        _length += AttributeHeaderLength;
        content(this);
        Header(begin, type, _length - begin);
        return this;
    }

    /// <summary>The message.</summary>
    /// <param name="sequence">What its answers carry.</param>
    internal ReadOnlySpan<byte> Finish(uint sequence)
    {
        const int SequenceOffset = 8;
        MemoryMarshal.Write(_bytes, (uint)_length);
        MemoryMarshal.Write(_bytes.AsSpan(SequenceOffset), sequence);
        return _bytes.AsSpan(0, _length);
    }

    private static int Aligned(int length) => (length + 3) & ~3;

    private void Header(int offset, ushort type, int length)
    {
        MemoryMarshal.Write(_bytes.AsSpan(offset), (ushort)length);
        MemoryMarshal.Write(_bytes.AsSpan(offset + sizeof(ushort)), type);
    }
}
