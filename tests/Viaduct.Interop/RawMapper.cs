using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Memory;

namespace Viaduct.Interop;

/// <summary>A vfio-user client that maps what isn't there, and never answers who asks it for bytes.</summary>
internal sealed class RawMapper : IDisposable
{
    private const int AnswerSeconds = 10;

    private readonly Random _random;
    private readonly string _path;
    private readonly HostMemory _memory = new("hostile", 1 << 20);
    private readonly SafeFileHandle _zero = File.OpenHandle("/dev/zero", FileMode.Open, FileAccess.ReadWrite);
    private readonly SafeFileHandle _file = File.OpenHandle(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
    private readonly ReceivedMessage _answer = new();
    private MessageSocket? _socket;
    private ushort _id;

    internal RawMapper(string path, Random random)
    {
        _path = path;
        _random = random;
        RandomAccess.SetLength(_file, 1 << 20);
    }

    /// <summary>A map or unmap that is right or wrong, or queues in memory whose bytes have to be asked for.</summary>
    internal void Step()
    {
        MessageSocket socket = _socket ??= Connect();
        bool stands = _random.Next(6) switch
        {
            0 => Unmap(socket),
            1 => UseQueues(socket),
            _ => Map(socket),
        };
        if (!stands || _random.Next(64) == 0)
        {
            socket.Dispose();
            _socket = null;
        }
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _answer.Dispose();
        _memory.Dispose();
        _zero.Dispose();
        _file.Dispose();
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private bool Map(MessageSocket socket)
    {
        ulong[] sizes = [0x1000, 0x10_0000, 0, 1, 0x1001, 0x20_0000, 1UL << 40, ulong.MaxValue & ~0xFFFUL];
        DmaMapMessage map = new()
        {
            ArgSize = 32,
            Flags = _random.Next(4) == 0 ? (uint)_random.Next() : 3,
            Offset = _random.Next(3) == 0 ? Address() : 0,
            Address = Address(),
            Size = sizes[_random.Next(sizes.Length)],
        };
        SafeHandle[] files = _random.Next(5) switch
        {
            0 => [],
            1 => [_zero],
            2 => [_file],
            3 => [_memory.File, _memory.File, _zero],
            _ => [_memory.File],
        };
        return Ask(socket, VfioUserCommand.DmaMap, Bytes(in map), files);
    }

    private bool Unmap(MessageSocket socket)
    {
        DmaUnmapMessage unmap = new() { ArgSize = 24, Flags = _random.Next(4) == 0 ? (uint)_random.Next(4) : 0, Address = Address(), Size = (ulong)_random.Next(4) << 12 };
        return Ask(socket, VfioUserCommand.DmaUnmap, Bytes(in unmap), []);
    }

    private bool UseQueues(MessageSocket socket) =>
        Write(socket, 7, 4, 6)
        && Write(socket, 0, 0x14, 0)
        && Write(socket, 0, 0x24, 0x003F_003F)
        && Write(socket, 0, 0x28, (uint)Address())
        && Write(socket, 0, 0x30, (uint)Address())
        && Write(socket, 0, 0x14, 0x0046_0001)
        && Write(socket, 0, 0x1000, (uint)_random.Next(64));

    private bool Write(MessageSocket socket, uint region, ulong offset, uint value)
    {
        RegionAccessMessage access = new() { Region = region, Offset = offset, Count = 4 };
        return Ask(socket, VfioUserCommand.RegionWrite, [.. Bytes(in access), .. Bytes(in value)], []);
    }

    // What the server asks meanwhile stays unanswered.
    private bool Ask(MessageSocket socket, VfioUserCommand command, ReadOnlySpan<byte> body, SafeHandle[] files)
    {
        MessageHeader header = new() { Id = ++_id, Command = command };
        if (!socket.TrySend(header, body, default, files))
        {
            return false;
        }

        while (socket.TryWait(TimeSpan.FromSeconds(AnswerSeconds)) && socket.TryReceive(_answer))
        {
            if (_answer.Header.IsReply && _answer.Header.Id == _id)
            {
                return true;
            }
        }

        return false;
    }

    private ulong Address() => _random.Next(5) switch
    {
        0 => (ulong)_random.NextInt64(),
        1 => ulong.MaxValue - 0xFFF,
        _ => (ulong)_random.Next(512) << 12,
    };

    private MessageSocket Connect()
    {
        MessageSocket socket = MessageSocket.Connect(_path);
        _ = Ask(socket, VfioUserCommand.Version, new VersionOffer { Holder = "hostile", MaxDescriptors = 16 }.Format(), []);
        return socket;
    }
}
