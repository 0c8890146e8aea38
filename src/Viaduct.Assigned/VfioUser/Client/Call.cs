using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>A command under way and its reply. Rented from the channel; dispose it to give it back.</summary>
internal sealed class Call : IDisposable
{
    private readonly RequestChannel _channel;
    private byte[] _body = new byte[64];
    private int _length;

    internal Call(RequestChannel channel, int index)
    {
        _channel = channel;
        Index = index;
    }

    /// <summary>Its place in the channel's table.</summary>
    internal int Index { get; }

    /// <summary>The id of the message that is under way; null when none is.</summary>
    internal ushort? Id { get; set; }

    /// <summary>What was asked.</summary>
    internal VfioUserCommand Command { get; set; }

    /// <summary>How it went.</summary>
    internal CallResult Result { get; set; }

    /// <summary>The errno, when it was refused.</summary>
    internal int Error { get; private set; }

    /// <summary>The reply without its header.</summary>
    internal ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    /// <summary>Descriptors that came with the reply; null where one was taken.</summary>
    internal List<SafeFileHandle?> Descriptors { get; } = [];

    /// <summary>Reads the structure at the reply's start. False where it is shorter.</summary>
    internal bool TryRead<T>(out T value)
        where T : unmanaged => MemoryMarshal.TryRead(Body, out value);

    /// <summary>Takes a descriptor out of the reply; the caller disposes it.</summary>
    internal SafeFileHandle? TakeDescriptor(uint index)
    {
        if (index >= (uint)Descriptors.Count)
        {
            return null;
        }

        SafeFileHandle? taken = Descriptors[(int)index];
        Descriptors[(int)index] = null;
        return taken;
    }

    /// <summary>Keeps the reply. Under the call's lock.</summary>
    internal void Complete(ReceivedMessage reply)
    {
        bool refused = (reply.Header.Flags & MessageFlags.Error) != 0;
        Error = refused ? (int)reply.Header.Error : 0;
        _length = reply.Body.Length;
        if (_body.Length < _length)
        {
            _body = new byte[_length];
        }

        reply.Body.CopyTo(_body);
        for (int i = 0; i < reply.DescriptorCount; i++)
        {
            Descriptors.Add(reply.TakeDescriptor(i));
        }

        Result = refused ? CallResult.Refused : CallResult.Done;
        Id = null;
    }

    public void Dispose()
    {
        foreach (SafeFileHandle? descriptor in Descriptors)
        {
            descriptor?.Dispose();
        }

        Descriptors.Clear();
        _length = 0;
        _channel.Return(this);
    }
}
