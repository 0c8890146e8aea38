using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>
/// What follows a <see cref="DmaMapMessage"/> where both sides have a code map: 8 bytes, counted by its
/// <see cref="DmaMapMessage.ArgSize"/>. The map has one byte for each page of the memory, non-zero where an engine keeps
/// code of the page. The engine marks, fences and reads; the server writes, fences and looks.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct DmaCodeMapMessage
{
    /// <summary>Where in the memory's file the byte of the first page lies.</summary>
    public ulong Offset;
}
