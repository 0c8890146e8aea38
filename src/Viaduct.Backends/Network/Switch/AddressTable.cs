using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Viaduct.Backends.Network.Switch;

/// <summary>
/// Behind which port a station of a VLAN is, as learned from frames' source addresses (IEEE 802.1D, 7.8 and 7.9).
/// Bounded, for each port too, so that one that makes up addresses doesn't push out the others'. One thread.
/// </summary>
internal sealed class AddressTable
{
    internal const int MaximumPerPort = 256;

    private const int Usual = 1024;
    private static readonly TimeSpan _lifetime = TimeSpan.FromSeconds(300);

    private readonly Dictionary<ulong, Entry> _entries = new(Usual);
    private readonly Dictionary<int, int> _perPort = [];
    private readonly TimeProvider _time;

    internal AddressTable(TimeProvider time) => _time = time;

    internal int Count => _entries.Count;

    /// <summary>A station sent something from behind a port.</summary>
    internal void Learn(int vlan, MacAddress station, int port)
    {
        if (!station.IsStation)
        {
            return;
        }

        ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(_entries, Key(vlan, station));
        if (!Unsafe.IsNullRef(ref entry))
        {
            if (entry.Port != port)
            {
                Tally(entry.Port, -1);
                Tally(port, 1);
            }

            entry = new Entry(port, _time.GetTimestamp());
            return;
        }

        if (_perPort.GetValueOrDefault(port) >= MaximumPerPort && !TryForgetOld(port))
        {
            return;
        }

        _entries.Add(Key(vlan, station), new Entry(port, _time.GetTimestamp()));
        Tally(port, 1);
    }

    /// <summary>The port of a station; -1 when nobody knows.</summary>
    internal int Find(int vlan, MacAddress station) =>
        _entries.TryGetValue(Key(vlan, station), out Entry entry) && _time.GetElapsedTime(entry.Seen) < _lifetime ? entry.Port : -1;

    /// <summary>A port is gone, and who was behind it.</summary>
    internal void Forget(int port)
    {
        foreach ((ulong key, Entry entry) in _entries)
        {
            if (entry.Port == port)
            {
                _ = _entries.Remove(key);
            }
        }

        _ = _perPort.Remove(port);
    }

    private static ulong Key(int vlan, MacAddress station) => ((ulong)vlan << 48) | station.Value;

    private bool TryForgetOld(int port)
    {
        foreach ((ulong key, Entry entry) in _entries)
        {
            if (entry.Port == port && _time.GetElapsedTime(entry.Seen) >= _lifetime)
            {
                _ = _entries.Remove(key);
                Tally(port, -1);
                return true;
            }
        }

        return false;
    }

    private void Tally(int port, int change) => CollectionsMarshal.GetValueRefOrAddDefault(_perPort, port, out _) += change;

    private readonly record struct Entry(int Port, long Seen);
}
