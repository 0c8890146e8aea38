using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Interop;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>
/// The receiving end of a <see cref="MessageSocket"/>. It reads ahead, so that a short message takes one system call, for
/// header, body and descriptors together. One thread at a time.
/// </summary>
internal sealed unsafe class MessageReader(SafeFileHandle socket) : IDisposable
{
    private const int Ahead = 4096;
    private const int ControlLength = 16 + (MessageSocket.MaxDescriptors * sizeof(int));

    // What is left of one message's, and another's that the same call brought.
    private const int MaxWaiting = 2 * MessageSocket.MaxDescriptors;

    private readonly byte[] _ahead = GC.AllocateUninitializedArray<byte>(Ahead, pinned: true);
    private readonly List<(ulong End, SafeFileHandle Descriptor)> _descriptors = [];
    private int _start;
    private int _end;
    private ulong _received;

    /// <summary>Whether bytes were received that no message has got yet.</summary>
    internal bool HasSome => _start != _end;

    /// <inheritdoc cref="MessageSocket.TryReceive"/>
    internal bool TryReceive(ReceivedMessage message)
    {
        message.DropDescriptors();
        MessageHeader header;
        if (!TryTake((byte*)&header, MessageHeader.Length) || header.Size is < MessageHeader.Length or > MessageSocket.MaxMessage)
        {
            return false;
        }

        message.Begin(in header);
        fixed (byte* body = message.WritableBody)
        {
            return TryTake(body, (int)header.Size - MessageHeader.Length) && TryHandOver(message);
        }
    }

    /// <summary>Closes descriptors that no message got.</summary>
    public void Dispose()
    {
        foreach ((_, SafeFileHandle descriptor) in _descriptors)
        {
            descriptor.Dispose();
        }

        _descriptors.Clear();
    }

    private bool TryTake(byte* destination, int length)
    {
        while (length != 0)
        {
            if (_start != _end)
            {
                int count = Math.Min(length, _end - _start);
                _ahead.AsSpan(_start, count).CopyTo(new Span<byte>(destination, count));
                _start += count;
                destination += count;
                length -= count;
            }
            else if (length >= Ahead)
            {
                int count = Receive(destination, length);
                if (count <= 0)
                {
                    return false;
                }

                destination += count;
                length -= count;
            }
            else
            {
                _start = 0;
                _end = Math.Max(0, Receive((byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_ahead, 0), Ahead));
                if (_end == 0)
                {
                    return false;
                }
            }
        }

        return true;
    }

    // How many bytes; none or fewer at the connection's end.
    private int Receive(byte* destination, int length)
    {
        byte* control = stackalloc byte[ControlLength];
        SocketCalls.IoVector vector = new() { Base = destination, Length = (nuint)length };
        while (true)
        {
            SocketCalls.MessageVector received = new() { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlLength };
            nint count;
            try
            {
                count = SocketCalls.recvmsg(socket, &received, SocketCalls.MSG_CMSG_CLOEXEC);
            }
            catch (ObjectDisposedException)
            {
                return 0;
            }

            if (count < 0 && Marshal.GetLastPInvokeError() == SocketCalls.EINTR)
            {
                continue;
            }

            _received += (ulong)Math.Max(0, count);
            return count > 0 && TryKeepDescriptors(in received) ? (int)count : 0;
        }
    }

    // One call never goes past bytes that came with descriptors, so these belong to the message that holds its last byte.
    private bool TryKeepDescriptors(in SocketCalls.MessageVector received)
    {
        byte* control = (byte*)received.Control;
        nuint left = received.ControlLength;
        while (left >= (nuint)sizeof(SocketCalls.ControlHeader))
        {
            SocketCalls.ControlHeader header = *(SocketCalls.ControlHeader*)control;
            if (header.Length < (nuint)sizeof(SocketCalls.ControlHeader) || header.Length > left)
            {
                return false;
            }

            if (header is { Level: SocketCalls.SOL_SOCKET, Type: SocketCalls.SCM_RIGHTS })
            {
                int* numbers = (int*)(control + sizeof(SocketCalls.ControlHeader));
                int count = (int)((header.Length - (nuint)sizeof(SocketCalls.ControlHeader)) / sizeof(int));
                for (int i = 0; i < count; i++)
                {
                    _descriptors.Add((_received, new SafeFileHandle(numbers[i], ownsHandle: true)));
                }
            }

            nuint step = Math.Min((header.Length + 7) & ~(nuint)7, left);
            control += step;
            left -= step;
        }

        return (received.Flags & SocketCalls.MSG_CTRUNC) == 0 && _descriptors.Count <= MaxWaiting;
    }

    private bool TryHandOver(ReceivedMessage message)
    {
        if (_descriptors.Count == 0)
        {
            return true;
        }

        ulong taken = _received - (ulong)(_end - _start);
        int count = 0;
        while (count < _descriptors.Count && _descriptors[count].End <= taken)
        {
            message.Add(_descriptors[count].Descriptor);
            count++;
        }

        _descriptors.RemoveRange(0, count);
        return message.DescriptorCount <= MessageSocket.MaxDescriptors;
    }
}
