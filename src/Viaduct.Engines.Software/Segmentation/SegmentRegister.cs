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

    /// <summary>Whether it is data of 4 GiB that may be read and written.</summary>
    internal readonly bool IsFlatData => Limit == uint.MaxValue
        && (Attributes & (Descriptor.Present | Descriptor.NonSystem | Descriptor.Executable | Descriptor.Conforming | Descriptor.ReadWrite))
            == (Descriptor.Present | Descriptor.NonSystem | Descriptor.ReadWrite);

    /// <summary>Whether an access within the segment is allowed (Intel SDM vol. 3A 5.3, 5.4).</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="write">Whether it writes.</param>
    /// <param name="typed">Whether the segment's type is checked: not where segments have no descriptors.</param>
    internal readonly bool Allows(uint offset, int size, bool write, bool typed)
    {
        bool executable = (Attributes & Descriptor.Executable) != 0;
        bool readWrite = (Attributes & Descriptor.ReadWrite) != 0;
        if (typed && ((Attributes & Descriptor.Present) == 0 || (write ? executable || !readWrite : executable && !readWrite)))
        {
            return false;
        }

        ulong last = (ulong)offset + (uint)(size - 1);
        bool expandsDown = !executable && (Attributes & Descriptor.Conforming) != 0;
        return expandsDown
            ? offset > Limit && last <= ((Attributes & Descriptor.Big) != 0 ? uint.MaxValue : ushort.MaxValue)
            : last <= Limit;
    }
}
