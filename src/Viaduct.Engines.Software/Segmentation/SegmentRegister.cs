using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Segmentation;

/// <summary>A segment register with its hidden part.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SegmentRegister
{
    internal ulong Base;

    /// <summary>In bytes, the granularity applied.</summary>
    internal uint Limit;

    /// <summary>The descriptor's attributes: bits 7:0 type, S, DPL, P; bits 15:12 AVL, L, D/B, G (its bits 47:40 and 55:52).</summary>
    internal ushort Attributes;

    internal ushort Selector;
}
