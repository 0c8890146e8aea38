using System.Diagnostics;
using System.Runtime.InteropServices;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Protocol;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Bench.VfioUser;

/// <summary>A client of any vfio-user server that does nothing but reach one register, and times it. It sends, and receives on the same thread.</summary>
internal sealed unsafe class RegisterClient : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    private readonly MessageSocket _socket;
    private readonly ReceivedMessage _reply = new();
    private readonly RegisterPlace _place;
    private readonly byte[] _value;
    private readonly RegionAccessMessage _register;
    private ushort _id;

    /// <exception cref="AssignedDeviceException">The server refuses, or has no such register.</exception>
    /// <exception cref="HostException">Nobody listens there.</exception>
    internal RegisterClient(RegisterPlace place)
    {
        _place = place;
        _socket = MessageSocket.Connect(place.Socket);
        try
        {
            _socket.LimitReceiving(_patience);
            Ask(VfioUserCommand.Version, new VersionOffer { MaxDescriptors = MessageSocket.MaxDescriptors }.Format());
            _register = new RegionAccessMessage { Region = (uint)(place.Region ?? FirstBar()), Offset = place.Offset, Count = (uint)place.Size };
            Ask(VfioUserCommand.RegionRead, Bytes(in _register));
            _value = _reply.Body[sizeof(RegionAccessMessage)..].ToArray();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Reads the register so often. Microseconds of each.</summary>
    internal double[] TimeReads(int messages) => TimeReads(messages, in _register);

    /// <summary>Reads 256 bytes of configuration space so often. Microseconds of each.</summary>
    internal double[] TimeConfigurationReads(int messages) =>
        TimeReads(messages, new RegionAccessMessage { Region = AssignedRegion.Config, Count = 256 });

    /// <summary>Writes back what the register first held, so often. Microseconds of each.</summary>
    internal double[] TimeWrites(int messages)
    {
        double[] times = new double[messages];
        for (int i = 0; i < messages; i++)
        {
            long began = Stopwatch.GetTimestamp();
            Ask(VfioUserCommand.RegionWrite, Bytes(in _register), _value);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }

        return times;
    }

    /// <summary>Writes the same without asking for replies, and reads once. Writes a second.</summary>
    internal double RateOfPostedWrites(int messages)
    {
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < messages; i++)
        {
            Send(VfioUserCommand.RegionWrite, MessageFlags.NoReply, Bytes(in _register), _value);
        }

        Ask(VfioUserCommand.RegionRead, Bytes(in _register));
        return messages / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    public void Dispose()
    {
        _reply.Dispose();
        _socket.Dispose();
    }

    private double[] TimeReads(int messages, in RegionAccessMessage access)
    {
        double[] times = new double[messages];
        for (int i = 0; i < messages; i++)
        {
            long began = Stopwatch.GetTimestamp();
            Ask(VfioUserCommand.RegionRead, Bytes(in access));
            times[i] = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
        }

        return times;
    }

    private int FirstBar()
    {
        for (int region = 0; region < AssignedRegion.Rom; region++)
        {
            RegionInfoMessage info = new() { ArgSize = (uint)sizeof(RegionInfoMessage), Index = (uint)region };
            Ask(VfioUserCommand.DeviceGetRegionInfo, Bytes(in info));
            if (_reply.TryRead(out info) && info.Size != 0)
            {
                return region;
            }
        }

        return AssignedRegion.Config;
    }

    private void Ask(VfioUserCommand command, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        Send(command, MessageFlags.None, first, second);
        do
        {
            if (!_socket.TryReceive(_reply))
            {
                throw new AssignedDeviceException($"{_place.Socket}: the server ended the connection, or didn't answer");
            }
        }
        while (!_reply.Header.IsReply || _reply.Header.Id != _id);

        if ((_reply.Header.Flags & MessageFlags.Error) != 0)
        {
            throw new AssignedDeviceException($"{_place.Socket}: the server refused {command} (errno {_reply.Header.Error})");
        }
    }

    private void Send(VfioUserCommand command, MessageFlags flags, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (!_socket.TrySend(new MessageHeader { Id = ++_id, Command = command, Flags = flags }, first, second))
        {
            throw new AssignedDeviceException($"{_place.Socket}: the server takes no message");
        }
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));
}
