using System.Buffers.Binary;
using System.Collections.Immutable;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Paravirtual.Network.Steering;

namespace Viaduct.Paravirtual.Network.Control;

/// <summary>What the driver's control commands do (virtio 1.2, 5.1.6.5; coalescing as of 1.3). One thread; each is done whole or refused.</summary>
internal sealed class ControlCommands
{
    /// <summary>The most bytes that a command gives back behind its answer.</summary>
    internal const int MaximumResult = CoalescingLength;

    private const int CoalescingLength = 8;
    private const int RssFixed = 8;
    private const int HashFixed = 12;

    private readonly NetworkDevice _device;
    private readonly NetworkSettings _settings;

    internal ControlCommands(NetworkDevice device, NetworkSettings settings)
    {
        _device = device;
        _settings = settings;
    }

    /// <summary>Carries one out.</summary>
    /// <param name="kind">Its class.</param>
    /// <param name="command">Which of the class.</param>
    /// <param name="data">What belongs to it; a copy.</param>
    /// <param name="result">Room for what it gives back.</param>
    /// <param name="length">Bytes that it gives back.</param>
    /// <returns>False when it makes no sense or wasn't agreed on: nothing is changed.</returns>
    internal bool TryExecute(ControlClass kind, byte command, ReadOnlySpan<byte> data, Span<byte> result, ref int length) => kind switch
    {
        ControlClass.Receive => _settings.Has(NetworkFeature.ControlReceive) && TrySetMode(command, data),
        ControlClass.Mac => TrySetAddresses(command, data),
        ControlClass.Vlan => _settings.Has(NetworkFeature.ControlVlan) && TrySetVlan(command, data),
        ControlClass.Announce => _settings.Has(NetworkFeature.GuestAnnounce) && command == 0 && _device.Announced(),
        ControlClass.MultiQueue => command switch
        {
            0 => _settings.Has(NetworkFeature.MultiQueue) && TrySetPairs(data),
            1 => _settings.Has(NetworkFeature.Rss) && TrySetRss(data),
            2 => _settings.Has(NetworkFeature.HashReport) && TrySetHash(data),
            _ => false,
        },
        ControlClass.GuestOffloads => _settings.Has(NetworkFeature.ControlGuestOffloads) && command == 0 && TrySetOffloads(data),
        ControlClass.Coalescing => TrySetCoalescing(command, data, result, ref length),
        _ => false,
    };

    private bool TrySetMode(byte command, ReadOnlySpan<byte> data)
    {
        if (data.Length != 1 || data[0] > 1)
        {
            return false;
        }

        bool on = data[0] == 1;
        bool extra = _settings.Has(NetworkFeature.ControlReceiveExtra);
        ReceiveFilter now = _settings.Filter;
        ReceiveFilter? next = command switch
        {
            0 => now with { Promiscuous = on },
            1 => now with { AllMulticast = on },
            2 when extra => now with { AllUnicast = on },
            3 when extra => now with { NoMulticast = on },
            4 when extra => now with { NoUnicast = on },
            5 when extra => now with { NoBroadcast = on },
            _ => null,
        };
        _settings.Filter = next ?? now;
        return next is not null;
    }

    private bool TrySetAddresses(byte command, ReadOnlySpan<byte> data)
    {
        if (command == 1)
        {
            bool valid = _settings.Has(NetworkFeature.ControlMac) && data.Length == MacAddress.Length;
            if (valid)
            {
                _device.SetMac(MacAddress.Read(data));
            }

            return valid;
        }

        if (command != 0
            || !_settings.Has(NetworkFeature.ControlReceive)
            || !TryReadTable(ref data, out ImmutableArray<MacAddress> stations, out bool allStations)
            || !TryReadTable(ref data, out ImmutableArray<MacAddress> groups, out bool allGroups)
            || !data.IsEmpty)
        {
            return false;
        }

        // Who names more than there is room for gets all of them.
        _settings.Filter = _settings.Filter with
        {
            Stations = stations,
            Groups = groups,
            TooManyStations = allStations,
            TooManyGroups = allGroups,
        };
        return true;
    }

    private static bool TryReadTable(ref ReadOnlySpan<byte> data, out ImmutableArray<MacAddress> table, out bool tooMany)
    {
        table = [];
        tooMany = false;
        if (data.Length < sizeof(uint))
        {
            return false;
        }

        uint count = BinaryPrimitives.ReadUInt32LittleEndian(data);
        data = data[sizeof(uint)..];
        if (count > (uint)(data.Length / MacAddress.Length))
        {
            return false;
        }

        tooMany = count > ReceiveFilter.MaximumAddresses;
        ImmutableArray<MacAddress>.Builder addresses = ImmutableArray.CreateBuilder<MacAddress>();
        for (int i = 0; i < count && !tooMany; i++)
        {
            addresses.Add(MacAddress.Read(data[(i * MacAddress.Length)..]));
        }

        data = data[((int)count * MacAddress.Length)..];
        table = addresses.ToImmutable();
        return true;
    }

    private bool TrySetVlan(byte command, ReadOnlySpan<byte> data)
    {
        if (command > 1 || data.Length != sizeof(ushort))
        {
            return false;
        }

        int vlan = BinaryPrimitives.ReadUInt16LittleEndian(data);
        if (vlan >= ReceiveFilter.Vlans)
        {
            return false;
        }

        _settings.Filter = _settings.Filter.WithVlan(vlan, wanted: command == 0);
        return true;
    }

    private bool TrySetPairs(ReadOnlySpan<byte> data)
    {
        int pairs = data.Length == sizeof(ushort) ? BinaryPrimitives.ReadUInt16LittleEndian(data) : 0;
        if (pairs < 1 || pairs > _device.QueuePairs)
        {
            return false;
        }

        _settings.Steering = _settings.Steering.WithPairs(pairs);
        return true;
    }

    /// <summary>struct virtio_net_rss_config (5.1.6.5.5): types, mask, pair of the unclassified, table, transmit queues, key.</summary>
    private bool TrySetRss(ReadOnlySpan<byte> data)
    {
        if (data.Length < RssFixed)
        {
            return false;
        }

        HashType types = (HashType)BinaryPrimitives.ReadUInt32LittleEndian(data);
        int entries = BinaryPrimitives.ReadUInt16LittleEndian(data[4..]) + 1;
        ushort unclassified = BinaryPrimitives.ReadUInt16LittleEndian(data[6..]);
        data = data[RssFixed..];
        if ((types & ~HashType.Supported) != 0
            || entries > FrameSteering.MaximumTable
            || !int.IsPow2(entries)
            || unclassified >= _device.QueuePairs
            || data.Length < (entries * sizeof(ushort)) + sizeof(ushort))
        {
            return false;
        }

        ushort[] table = new ushort[entries];
        for (int i = 0; i < entries; i++)
        {
            table[i] = BinaryPrimitives.ReadUInt16LittleEndian(data[(i * sizeof(ushort))..]);
            if (table[i] >= _device.QueuePairs)
            {
                return false;
            }
        }

        data = data[(entries * sizeof(ushort))..];
        int pairs = BinaryPrimitives.ReadUInt16LittleEndian(data);
        if (pairs < 1 || pairs > _device.QueuePairs || !TryReadKey(data[sizeof(ushort)..], out ReadOnlySpan<byte> key))
        {
            return false;
        }

        _settings.Steering = FrameSteering.ByTable(pairs, types, key, [.. table], unclassified);
        return true;
    }

    /// <summary>struct virtio_net_hash_config (5.1.6.5.6.4): types, four words of nothing, key.</summary>
    private bool TrySetHash(ReadOnlySpan<byte> data)
    {
        if (data.Length < HashFixed)
        {
            return false;
        }

        HashType types = (HashType)BinaryPrimitives.ReadUInt32LittleEndian(data);
        if ((types & ~HashType.Supported) != 0 || !TryReadKey(data[HashFixed..], out ReadOnlySpan<byte> key))
        {
            return false;
        }

        _settings.Steering = _settings.Steering.WithHash(types, key);
        return true;
    }

    private static bool TryReadKey(ReadOnlySpan<byte> data, out ReadOnlySpan<byte> key)
    {
        key = default;
        if (data.IsEmpty || data[0] > ToeplitzHash.KeyLength || data.Length < 1 + data[0])
        {
            return false;
        }

        key = data.Slice(1, data[0]);
        return true;
    }

    private bool TrySetOffloads(ReadOnlySpan<byte> data)
    {
        ulong offloads = data.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(data) : ulong.MaxValue;
        if ((offloads & ~(_settings.Features & NetworkFeature.GuestOffloads)) != 0)
        {
            return false;
        }

        _device.AcceptOffloads(offloads);
        return true;
    }

    private bool TrySetCoalescing(byte command, ReadOnlySpan<byte> data, Span<byte> result, ref int length)
    {
        const byte Transmit = 0;
        const byte Receive = 1;
        const byte SetOne = 2;
        const byte GetOne = 3;
        if (command is Transmit or Receive)
        {
            if (!_settings.Has(NetworkFeature.Coalescing) || data.Length != CoalescingLength)
            {
                return false;
            }

            for (int queue = command == Receive ? 0 : 1; queue < 2 * _device.QueuePairs; queue += 2)
            {
                _device.DelayOf(queue).Limits = LimitsOf(data);
            }

            return true;
        }

        const int QueueField = 4;
        int one = data.Length >= QueueField ? BinaryPrimitives.ReadUInt16LittleEndian(data) : ushort.MaxValue;
        if (command is not (SetOne or GetOne) || !_settings.Has(NetworkFeature.QueueCoalescing) || one >= 2 * _device.QueuePairs)
        {
            return false;
        }

        if (command == GetOne)
        {
            (uint frames, uint microseconds) = _device.DelayOf(one).Limits;
            BinaryPrimitives.WriteUInt32LittleEndian(result, frames);
            BinaryPrimitives.WriteUInt32LittleEndian(result[sizeof(uint)..], microseconds);
            length = CoalescingLength;
            return true;
        }

        if (data.Length != QueueField + CoalescingLength)
        {
            return false;
        }

        _device.DelayOf(one).Limits = LimitsOf(data[QueueField..]);
        return true;
    }

    private static (uint Frames, uint Microseconds) LimitsOf(ReadOnlySpan<byte> data) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadUInt32LittleEndian(data[sizeof(uint)..]));
}
