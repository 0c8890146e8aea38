using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Room for messages that are received one after the other; what isn't taken out is dropped with the next.</summary>
public sealed class ReceivedMessage : IDisposable
{
    private readonly List<SafeFileHandle> _descriptors = [];
    private byte[] _buffer = new byte[4096];
    private MessageHeader _header;

    /// <summary>The header.</summary>
    public ref readonly MessageHeader Header => ref _header;

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Body => _buffer.AsSpan(0, (int)_header.Size - MessageHeader.Length);

    /// <summary>Descriptors that came with it and weren't taken yet.</summary>
    public int DescriptorCount => _descriptors.Count;

    /// <summary>Takes a descriptor; the caller disposes it. Null where there is none, or it was taken.</summary>
    public SafeFileHandle? TakeDescriptor(int index)
    {
        if ((uint)index >= (uint)_descriptors.Count || _descriptors[index].IsInvalid)
        {
            return null;
        }

        SafeFileHandle taken = _descriptors[index];
        _descriptors[index] = new SafeFileHandle();
        return taken;
    }

    /// <summary>Reads the structure at the body's start. False where the body is shorter.</summary>
    public bool TryRead<T>(out T value)
        where T : unmanaged => MemoryMarshal.TryRead(Body, out value);

    /// <summary>Drops descriptors that nobody took.</summary>
    public void Dispose() => DropDescriptors();

    internal void Begin(in MessageHeader header)
    {
        _header = header;
        int length = (int)header.Size - MessageHeader.Length;
        if (_buffer.Length < length)
        {
            _buffer = new byte[Math.Max(length, _buffer.Length * 2)];
        }
    }

    internal Span<byte> WritableBody => _buffer.AsSpan(0, (int)_header.Size - MessageHeader.Length);

    internal void Add(SafeFileHandle descriptor) => _descriptors.Add(descriptor);

    internal void DropDescriptors()
    {
        foreach (SafeFileHandle descriptor in _descriptors)
        {
            descriptor.Dispose();
        }

        _descriptors.Clear();
    }
}
