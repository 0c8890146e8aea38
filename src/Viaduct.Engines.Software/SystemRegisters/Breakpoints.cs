namespace Viaduct.Engines.Software.SystemRegisters;

/// <summary>
/// Addresses and conditions of DR0 to DR3 and DR7, and which were met (Intel SDM vol. 3B 17.2, 17.3). While any is on, the
/// processor goes by single instructions, so nothing of this is on the way of those that use none.
/// </summary>
internal sealed class Breakpoints
{
    /// <summary>How many there are.</summary>
    internal const int Count = 4;

    private const ulong Fixed = 0x400;

    // What a condition is, in DR7's bits from 16 on.
    private const uint OnExecution = 0;
    private const uint OnWrite = 1;
    private const uint OnPort = 2;
    private const uint OnAccess = 3;

    private readonly ulong[] _addresses = new ulong[Count];

    /// <summary>DR7.</summary>
    internal ulong Control { get; private set; } = Fixed;

    /// <summary>Whether any is on.</summary>
    internal bool IsArmed { get; private set; }

    /// <summary>Whether data is watched.</summary>
    internal bool WatchesData { get; private set; }

    /// <summary>Which were met since they were last taken: bits 0 to 3 of DR6.</summary>
    internal uint Hits { get; private set; }

    /// <summary>Everything off.</summary>
    internal void Reset()
    {
        Array.Clear(_addresses);
        Hits = 0;
        SetControl(0);
    }

    internal ulong Address(int number) => _addresses[number];

    internal void SetAddress(int number, ulong address) => _addresses[number] = address;

    internal void SetControl(ulong value)
    {
        Control = (value & 0xFFFF_2BFF) | Fixed;
        IsArmed = (Control & 0xFF) != 0;
        WatchesData = false;
        for (int i = 0; i < Count; i++)
        {
            WatchesData |= IsOn(i) && Condition(i) is OnWrite or OnAccess;
        }
    }

    /// <summary>Takes the hits.</summary>
    internal uint Take()
    {
        uint hits = Hits;
        Hits = 0;
        return hits;
    }

    /// <summary>Which are on the execution of an address.</summary>
    internal uint OnFetch(ulong linear)
    {
        uint hits = 0;
        for (int i = 0; i < Count; i++)
        {
            hits |= IsOn(i) && Condition(i) == OnExecution && _addresses[i] == linear ? 1u << i : 0;
        }

        return hits;
    }

    /// <summary>Whether data on an address's page is watched.</summary>
    internal bool Covers(ulong linear)
    {
        for (int i = 0; i < Count; i++)
        {
            if (IsOn(i) && Condition(i) is OnWrite or OnAccess && (_addresses[i] ^ linear) >> 12 == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Notes an access to memory.</summary>
    internal void Note(ulong address, int size, bool write)
    {
        for (int i = 0; i < Count; i++)
        {
            uint condition = Condition(i);
            if (IsOn(i) && (condition == OnAccess || (condition == OnWrite && write)) && Meets(i, address, size))
            {
                Hits |= 1u << i;
            }
        }
    }

    /// <summary>Notes an access to ports.</summary>
    internal void NotePort(ushort port, int size)
    {
        for (int i = 0; i < Count; i++)
        {
            Hits |= IsOn(i) && Condition(i) == OnPort && Meets(i, port, size) ? 1u << i : 0;
        }
    }

    private bool IsOn(int number) => ((Control >> (number * 2)) & 3) != 0;

    private uint Condition(int number) => (uint)(Control >> (16 + (number * 4))) & 3;

    // Lengths are 1, 2, 8 and 4 bytes; the address counts without the bits below the length.
    private bool Meets(int number, ulong address, int size)
    {
        ulong length = ((uint)(Control >> (18 + (number * 4))) & 3) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 };
        ulong first = _addresses[number] & ~(length - 1);
        return address < first + length && first < address + (uint)size;
    }
}
