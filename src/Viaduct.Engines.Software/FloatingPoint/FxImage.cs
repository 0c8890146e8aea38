using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// The 512-byte image of FXSAVE and FXRSTOR (SDM vol. 1, 10.5.1; vol. 2, table 3-43 and following). The caller has
/// checked the 16-byte alignment of the operand.
/// </summary>
public static class FxImage
{
    /// <summary>Bytes of the image.</summary>
    public const int Size = 512;

    /// <summary>Bits of MXCSR that exist: all of the low sixteen, DAZ included.</summary>
    public const uint MxcsrMask = 0xFFFF;

    private const int StatusOffset = 2;
    private const int TagOffset = 4;
    private const int OpcodeOffset = 6;
    private const int InstructionOffset = 8;
    private const int DataOffset = 16;
    private const int MxcsrOffset = 24;
    private const int MaskOffset = 28;
    private const int RegistersOffset = 32;
    private const int XmmOffset = 160;
    private const int SlotSize = 16;

    /// <summary>
    /// Fills <paramref name="image"/>, but for the bytes that FXSAVE leaves alone (416 and after, XMM registers not in
    /// <paramref name="xmm"/>): it must hold what memory holds.
    /// </summary>
    /// <param name="image">512 bytes.</param>
    /// <param name="state">The FPU.</param>
    /// <param name="xmm">XMM registers: 16 in 64-bit mode, 8 outside of it.</param>
    /// <param name="mxcsr">MXCSR.</param>
    /// <param name="wide">REX.W: pointers of 64 bits.</param>
    public static void Save(
        Span<byte> image, in X87State state, ReadOnlySpan<Vector128<byte>> xmm, uint mxcsr, bool wide)
    {
        image[..RegistersOffset].Clear();
        MemoryMarshal.Write(image, state.Control);
        MemoryMarshal.Write(image[StatusOffset..], state.Status);
        image[TagOffset] = state.ValidRegisters;
        MemoryMarshal.Write(image[OpcodeOffset..], state.LastOpcode);
        WritePointer(image[InstructionOffset..], state.InstructionPointer, wide);
        WritePointer(image[DataOffset..], state.DataPointer, wide);
        MemoryMarshal.Write(image[MxcsrOffset..], mxcsr);
        MemoryMarshal.Write(image[MaskOffset..], MxcsrMask);
        for (var i = 0; i < 8; i++)
        {
            var slot = image.Slice(RegistersOffset + (i * SlotSize), SlotSize);
            slot.Clear();
            state.Read(i).Write(slot);
        }

        MemoryMarshal.AsBytes(xmm).CopyTo(image[XmmOffset..]);
    }

    /// <summary>Loads everything from <paramref name="image"/>; parameters as for <see cref="Save"/>.</summary>
    /// <returns>False if MXCSR has reserved bits set: #GP(0), and nothing was changed.</returns>
    public static bool Restore(
        ReadOnlySpan<byte> image, ref X87State state, Span<Vector128<byte>> xmm, ref uint mxcsr, bool wide)
    {
        var loaded = MemoryMarshal.Read<uint>(image[MxcsrOffset..]);
        if ((loaded & ~MxcsrMask) != 0)
        {
            return false;
        }

        mxcsr = loaded;
        state.Control = MemoryMarshal.Read<ushort>(image);
        state.Status = MemoryMarshal.Read<ushort>(image[StatusOffset..]);
        state.ValidRegisters = image[TagOffset];
        state.LastOpcode = MemoryMarshal.Read<ushort>(image[OpcodeOffset..]);
        state.InstructionPointer = ReadPointer(image[InstructionOffset..], wide);
        state.DataPointer = ReadPointer(image[DataOffset..], wide);
        for (var i = 0; i < 8; i++)
        {
            state.SetPhysical(state.Top + i, Float80.Read(image[(RegistersOffset + (i * SlotSize))..]));
        }

        image.Slice(XmmOffset, xmm.Length * SlotSize).CopyTo(MemoryMarshal.AsBytes(xmm));
        return true;
    }

    private static void WritePointer(Span<byte> field, ulong pointer, bool wide) =>
        MemoryMarshal.Write(field, wide ? pointer : (uint)pointer);

    private static ulong ReadPointer(ReadOnlySpan<byte> field, bool wide) =>
        wide ? MemoryMarshal.Read<ulong>(field) : MemoryMarshal.Read<uint>(field);
}
