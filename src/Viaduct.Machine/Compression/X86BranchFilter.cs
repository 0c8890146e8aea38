using System.Buffers.Binary;
using System.Numerics;

namespace Viaduct.Machine.Compression;

/// <summary>
/// Undoes XZ's x86 filter (The .xz File Format 1.2, 5.3.2), in which calls and jumps have the address of their target
/// instead of its distance, so that calls of one function look alike. The whole of the code is given at once: a filter
/// that works piece by piece has to carry its state over, and SharpCompress's loses it.
/// </summary>
internal static class X86BranchFilter
{
    private const byte Call = 0xE8;
    private const byte Jump = 0xE9;
    private const int OperandLength = 4;

    /// <summary>Undoes the filter in place; the first byte is at address 0.</summary>
    internal static void Decode(Span<byte> code)
    {
        int at = 0;
        int previous = -1;

        // Which of the bytes before look like an opcode, too, but were passed over: bit 0 the nearest, bit 2 the farthest.
        uint passed = 0;
        while (code.Length - at > OperandLength)
        {
            int next = code[at..^OperandLength].IndexOfAny(Call, Jump);
            if (next < 0)
            {
                return;
            }

            at += next;
            int distance = at - previous;
            passed = distance > 3 ? 0 : (passed << (distance - 1)) & 7;
            previous = at;
            Span<byte> operand = code.Slice(at + 1, OperandLength);
            if (IsBranch(operand, passed))
            {
                uint target = BinaryPrimitives.ReadUInt32LittleEndian(operand);
                BinaryPrimitives.WriteUInt32LittleEndian(operand, Distance(target, (uint)at + 1 + OperandLength, passed));
                at += 1 + OperandLength;
            }
            else
            {
                passed = (passed << 1) | 1;
                at++;
            }
        }
    }

    /// <summary>An operand was filtered if its top byte was a sign, and if no byte passed over made it look like two operands in one.</summary>
    private static bool IsBranch(ReadOnlySpan<byte> operand, uint passed)
    {
        if (!IsSign(operand[^1]))
        {
            return false;
        }

        return passed == 0 || (BitOperations.IsPow2(passed) && !IsSign(operand[^(1 + Farthest(passed))]));
    }

    private static uint Distance(uint target, uint end, uint passed)
    {
        uint distance = target - end;
        if (passed != 0)
        {
            // The encoder turned bits over until the byte that the passed opcode shares wasn't a sign.
            int shared = 8 * Farthest(passed);
            while (IsSign((byte)(distance >> (24 - shared))))
            {
                distance = (distance ^ (uint)((1UL << (32 - shared)) - 1)) - end;
            }
        }

        // 25 bits count; the rest repeats the sign.
        return (uint)((int)(distance << 7) >> 7);
    }

    private static int Farthest(uint passed) => BitOperations.Log2(passed) + 1;

    private static bool IsSign(byte value) => value is 0 or 0xFF;
}
