using System.Buffers;
using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Writes an instruction form with random prefixes and operands, legal and now and then not quite.</summary>
internal static class RandomEncoding
{
    private const int MaxPrefixes = 6;

    /// <summary>All legacy prefixes.</summary>
    public static SearchValues<byte> Prefixes { get; } = SearchValues.Create([0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3]);

    /// <summary>Writes at least one whole instruction's worth of bytes; the decoder says how long it came out.</summary>
    /// <param name="form">What to write.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="bytes">At least 32 bytes.</param>
    public static void Write(OpCodeInfo form, CaseRandom random, Span<byte> bytes)
    {
        int at = WritePrefixes(form, random, bytes);
        at = WriteRex(form, random, bytes, at);
        switch (form.Table)
        {
            case OpCodeTableKind.T0F:
                bytes[at++] = 0x0F;
                break;
            case OpCodeTableKind.T0F38:
                bytes[at++] = 0x0F;
                bytes[at++] = 0x38;
                break;
            case OpCodeTableKind.T0F3A:
                bytes[at++] = 0x0F;
                bytes[at++] = 0x3A;
                break;
            default:
                break;
        }

        uint opcode = form.OpCode;
        if (HasRegisterInOpcode(form))
        {
            opcode |= (uint)random.Below(8);
        }

        if (form.OpCodeLength == 2)
        {
            bytes[at++] = (byte)(opcode >> 8);
        }

        bytes[at++] = (byte)opcode;
        byte modRm = (byte)((random.Below(100) < 40 ? 0xC0 : random.Below(3) << 6) | random.Below(64));
        if (form.IsGroup)
        {
            modRm = (byte)((modRm & 0xC7) | (form.GroupIndex << 3));
        }

        if (form.IsRmGroup)
        {
            modRm = (byte)((modRm & 0xF8) | form.RmGroupIndex);
        }

        bytes[at++] = modRm;
        while (at < bytes.Length)
        {
            bytes[at++] = (byte)random.Next();
        }
    }

    private static int WritePrefixes(OpCodeInfo form, CaseRandom random, Span<byte> bytes)
    {
        Span<byte> prefixes = stackalloc byte[MaxPrefixes];
        int count = 0;
        if (form.MandatoryPrefix == MandatoryPrefix.P66
            || (form.MandatoryPrefix is MandatoryPrefix.None && form.OperandSize == 16)
            || random.Percent(2))
        {
            prefixes[count++] = 0x66;
        }

        if (form.AddressSize == 32 || random.Percent(6))
        {
            prefixes[count++] = 0x67;
        }

        if (form.MandatoryPrefix is MandatoryPrefix.PF3 or MandatoryPrefix.PF2)
        {
            prefixes[count++] = (byte)(form.MandatoryPrefix == MandatoryPrefix.PF3 ? 0xF3 : 0xF2);
        }
        else if (random.Percent(form.CanUseRepPrefix || form.CanUseRepnePrefix ? 60 : 1))
        {
            prefixes[count++] = (byte)(0xF2 + random.Below(2));
        }

        if (random.Percent(form.CanUseLockPrefix ? 25 : 1))
        {
            prefixes[count++] = 0xF0;
        }

        if (random.Percent(12))
        {
            prefixes[count++] = random.Below(8) switch
            {
                0 => 0x26,
                1 => 0x2E,
                2 => 0x36,
                3 => 0x3E,
                <= 5 => 0x64,
                _ => 0x65,
            };
        }

        for (int i = count - 1; i > 0; i--)
        {
            int other = random.Below(i + 1);
            (prefixes[i], prefixes[other]) = (prefixes[other], prefixes[i]);
        }

        prefixes[..count].CopyTo(bytes);
        return count;
    }

    private static int WriteRex(OpCodeInfo form, CaseRandom random, Span<byte> bytes, int at)
    {
        bool wide = (form.OperandSize == 64 && !form.DefaultOpSize64 && !form.ForceOpSize64) || random.Percent(3);
        if (wide || random.Percent(50))
        {
            bytes[at++] = (byte)(0x40 | (wide ? 8 : 0) | random.Below(8));
        }

        return at;
    }

    private static bool HasRegisterInOpcode(OpCodeInfo form)
    {
        for (int i = 0; i < form.OpCount; i++)
        {
            if (form.GetOpKind(i) is OpCodeOperandKind.r8_opcode or OpCodeOperandKind.r16_opcode or OpCodeOperandKind.r32_opcode
                or OpCodeOperandKind.r64_opcode or OpCodeOperandKind.sti_opcode)
            {
                return true;
            }
        }

        return false;
    }
}
