using System.Buffers.Binary;
using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Fills memory operands with what suits their type.</summary>
internal static class OperandFiller
{
    private const uint MxcsrReserved = 0xFFFF_0000;

    public static void Fill(in Instruction instruction, MemorySize size, Span<byte> bytes, RegisterPlan registers, CaseRandom random)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Fxrstor or Mnemonic.Fxrstor64:
                FillFxsave(bytes, random);
                return;
            case Mnemonic.Ldmxcsr:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, StateFiller.Mxcsr(random) | (random.Percent(10) ? MxcsrReserved : 0));
                return;
            case Mnemonic.Fldcw:
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, StateFiller.Fcw(random));
                return;
            case Mnemonic.Cmpxchg or Mnemonic.Cmpxchg8b or Mnemonic.Cmpxchg16b when random.Percent(50):
                FillComparand(bytes, registers);
                return;
            default:
                break;
        }

        if (!random.Percent(70))
        {
            return;
        }

        switch (size)
        {
            case MemorySize.Float32 or MemorySize.Packed64_Float32 or MemorySize.Packed128_Float32:
                FillFloat32(bytes, random);
                break;
            case MemorySize.Float64 or MemorySize.Packed128_Float64:
                FillFloat64(bytes, random);
                break;
            case MemorySize.Float80:
                (ulong significand, ushort signExponent) = random.Float80();
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, significand);
                BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], signExponent);
                break;
            case MemorySize.Bcd:
                FillDecimal(bytes, random);
                break;
            default:
                FillNumber(bytes, random);
                break;
        }
    }

    /// <summary>
    /// Notes what the image of an FPU state holds that isn't compared: instruction and data pointers, which makers save
    /// under different conditions, and what is reserved.
    /// </summary>
    public static void AddIgnored(in Instruction instruction, int offset, List<Range> ignored)
    {
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Fxsave or Mnemonic.Fxsave64:
                ignored.Add((offset + 6)..(offset + 24));
                ignored.Add((offset + 28)..(offset + 32));
                ignored.Add((offset + 416)..(offset + 512));
                break;
            case Mnemonic.Fnstenv or Mnemonic.Fnsave:
                bool narrow = instruction.MemorySize is MemorySize.FpuEnv14 or MemorySize.FpuState94;
                ignored.Add((offset + (narrow ? 6 : 12))..(offset + (narrow ? 14 : 28)));
                break;
            default:
                break;
        }
    }

    private static void FillFxsave(Span<byte> bytes, CaseRandom random)
    {
        bytes.Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, StateFiller.Fcw(random));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)(random.Next() & 0x7F00));
        bytes[4] = (byte)random.Next();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], StateFiller.Mxcsr(random));
        for (int i = 0; i < 8; i++)
        {
            (ulong significand, ushort signExponent) = random.Float80();
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[(32 + (i * 16))..], significand);
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[(40 + (i * 16))..], signExponent);
        }

        for (int i = 160; i < 416; i += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], random.Next());
        }
    }

    private static void FillComparand(Span<byte> bytes, RegisterPlan registers)
    {
        Span<byte> comparand = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(comparand, registers[Register.RAX]);
        BinaryPrimitives.WriteUInt64LittleEndian(comparand[(bytes.Length / 2)..], registers[Register.RDX]);
        if (bytes.Length <= 4)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(comparand, registers[Register.RAX]);
        }

        comparand[..bytes.Length].CopyTo(bytes);
    }

    private static void FillFloat32(Span<byte> bytes, CaseRandom random)
    {
        for (int i = 0; i + 4 <= bytes.Length; i += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[i..], random.Float32());
        }
    }

    private static void FillFloat64(Span<byte> bytes, CaseRandom random)
    {
        for (int i = 0; i + 8 <= bytes.Length; i += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[i..], random.Float64());
        }
    }

    private static void FillDecimal(Span<byte> bytes, CaseRandom random)
    {
        for (int i = 0; i < 9; i++)
        {
            bytes[i] = (byte)((random.Below(10) << 4) | random.Below(10));
        }

        bytes[9] = (byte)(random.Below(2) << 7);
    }

    private static void FillNumber(Span<byte> bytes, CaseRandom random)
    {
        for (int i = 0; i < bytes.Length; i += 8)
        {
            ulong number = random.Number();
            for (int j = i; j < Math.Min(i + 8, bytes.Length); j++)
            {
                bytes[j] = (byte)number;
                number >>= 8;
            }
        }
    }
}
