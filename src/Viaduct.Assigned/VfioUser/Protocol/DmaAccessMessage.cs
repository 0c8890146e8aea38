using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>An access to memory: 16 bytes, followed by those written, or read in the reply.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DmaAccessMessage
{
    /// <summary>The address on the bus.</summary>
    public ulong Address;

    /// <summary>Bytes.</summary>
    public ulong Count;
}
