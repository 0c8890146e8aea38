using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Logs;

/// <summary>The SMART / Health Information page (NVMe 1.4, 5.14.1.2): 512 bytes. Counters of 16 bytes in the specification are 8 and zeroes here.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct SmartPage
{
    /// <summary>Bytes.</summary>
    internal const int Size = 512;

    [FieldOffset(0)]
    internal byte CriticalWarning;

    /// <summary>Kelvin.</summary>
    [FieldOffset(1)]
    internal ushort Temperature;

    /// <summary>Percent.</summary>
    [FieldOffset(3)]
    internal byte AvailableSpare;

    /// <summary>Percent.</summary>
    [FieldOffset(4)]
    internal byte SpareThreshold;

    /// <summary>Thousands of 512 bytes, rounded up.</summary>
    [FieldOffset(32)]
    internal ulong DataUnitsRead;

    /// <inheritdoc cref="DataUnitsRead"/>
    [FieldOffset(48)]
    internal ulong DataUnitsWritten;

    [FieldOffset(64)]
    internal ulong HostReads;

    [FieldOffset(80)]
    internal ulong HostWrites;

    /// <summary>Minutes.</summary>
    [FieldOffset(96)]
    internal ulong BusyTime;

    [FieldOffset(112)]
    internal ulong PowerCycles;

    /// <summary>Hours.</summary>
    [FieldOffset(128)]
    internal ulong PowerOnTime;

    [FieldOffset(160)]
    internal ulong MediaErrors;

    [FieldOffset(176)]
    internal ulong ErrorEntries;
}
