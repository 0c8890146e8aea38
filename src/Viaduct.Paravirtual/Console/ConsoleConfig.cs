using System.Runtime.InteropServices;

namespace Viaduct.Paravirtual.Console;

/// <summary>The device-specific configuration (virtio 1.2, 5.3.4).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ConsoleConfig
{
    internal const int Length = 12;
    internal const int EmergencyWriteOffset = 8;

    internal ushort Columns;
    internal ushort Rows;
    internal uint MaximumPorts;
    internal uint EmergencyWrite;
}
