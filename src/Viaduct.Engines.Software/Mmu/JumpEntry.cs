using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Mmu;

/// <summary>Where a jump of translated code to a linear address leads, in a table by the address's lower bits. Translated code fills and reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct JumpEntry
{
    internal const int Count = 1024;

    internal ulong Linear;
    internal byte* Code;
}
