using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>Whether writes to watched doorbells are to signal: 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DoorbellTrapMessage
{
    /// <summary>1 to signal, 0 to go to memory alone.</summary>
    public uint Armed;

    /// <summary>Zero.</summary>
    public uint Reserved;
}
