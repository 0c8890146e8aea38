using System.Runtime.CompilerServices;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Writes the few kinds of host instruction that surround the guest's own (Intel SDM vol. 2, chapter 2).</summary>
internal sealed unsafe class HostAssembler
{
    internal const int None = -1;
    internal const byte Zero = 4;
    internal const byte NotZero = 5;
    internal const byte Above = 7;

    private readonly ExecutableMemory _memory;

    internal HostAssembler(ExecutableMemory memory) => _memory = memory;

    /// <summary>Where the next byte goes, from the start of the memory.</summary>
    internal int Position { get; set; }

    /// <summary>The address at which code at a position is executed.</summary>
    internal byte* Address(int position) => _memory.Executable + position;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Byte(int value) => _memory.Writable[Position++] = (byte)value;

    internal void Int32(int value)
    {
        Unsafe.WriteUnaligned(_memory.Writable + Position, value);
        Position += 4;
    }

    /// <summary>An instruction on two registers, ModRM's reg and rm.</summary>
    internal void Registers(int opcode, int size, int reg, int rm)
    {
        Prefixes(size, reg, 0, rm);
        Opcode(opcode);
        Byte(0xC0 | ((reg & 7) << 3) | (rm & 7));
    }

    /// <summary>An instruction on a register and memory at a register and a displacement.</summary>
    internal void Memory(int opcode, int size, int reg, int @base, int displacement)
    {
        Prefixes(size, reg, 0, @base);
        Opcode(opcode);
        Operand(reg, @base, displacement);
    }

    /// <summary>An instruction on a register and memory at base, index and displacement; either may be <see cref="None"/>.</summary>
    internal void Indexed(int opcode, int size, int reg, int @base, int index, int scale, int displacement)
    {
        Prefixes(size, reg, index == None ? 0 : index, @base == None ? 0 : @base);
        Opcode(opcode);
        bool wide = @base == None || displacement is < sbyte.MinValue or > sbyte.MaxValue;
        Byte((@base == None ? 0 : wide ? 0x80 : 0x40) | ((reg & 7) << 3) | 4);
        Byte((scale << 6) | (index == None ? 4 << 3 : (index & 7) << 3) | (@base == None ? 5 : @base & 7));
        if (wide)
        {
            Int32(displacement);
        }
        else
        {
            Byte(displacement);
        }
    }

    /// <summary>An instruction of the group that takes an immediate: ADD 0, OR 1, AND 4, SUB 5, XOR 6, CMP 7.</summary>
    internal void Immediate(int operation, int size, int rm, int immediate)
    {
        Prefixes(size, 0, 0, rm);
        Byte(size == 1 ? 0x80 : 0x81);
        Byte(0xC0 | (operation << 3) | (rm & 7));
        ImmediateBytes(size, immediate);
    }

    /// <summary>The same on memory, 8 bytes, with an immediate byte.</summary>
    internal void ImmediateMemory(int operation, int size, int @base, int displacement, sbyte immediate)
    {
        Prefixes(size, 0, 0, @base);
        Byte(size == 1 ? 0x80 : 0x83);
        Operand(operation, @base, displacement);
        Byte(immediate);
    }

    internal void Move(int to, int from) => Registers(0x8B, 8, to, from);

    internal void Load(int to, int @base, int displacement) => Memory(0x8B, 8, to, @base, displacement);

    internal void Store(int @base, int displacement, int from) => Memory(0x89, 8, from, @base, displacement);

    internal void Lea(int to, int @base, int displacement) => Memory(0x8D, 8, to, @base, displacement);

    /// <summary>MOV of a 64-bit constant in the shortest form.</summary>
    internal void MoveImmediate(int to, long value)
    {
        if (value == (int)value)
        {
            Prefixes(8, 0, 0, to);
            Byte(0xC7);
            Byte(0xC0 | (to & 7));
            Int32((int)value);
            return;
        }

        Byte(0x48 | (to >> 3));
        Byte(0xB8 | (to & 7));
        Int32((int)value);
        Int32((int)(value >> 32));
    }

    /// <summary>LEA of the address of a position in the code.</summary>
    internal void LeaCode(int to, int position)
    {
        Byte(0x48 | ((to >> 3) << 2));
        Byte(0x8D);
        Byte(((to & 7) << 3) | 5);
        Int32(position - (Position + 4));
    }

    /// <summary>Jcc with a 32-bit displacement. Returns where that is, for <see cref="Bind"/>.</summary>
    internal int JumpIf(int condition)
    {
        Byte(0x0F);
        Byte(0x80 | condition);
        Int32(0);
        return Position - 4;
    }

    /// <summary>SHR of a 32-bit register.</summary>
    internal void ShiftRight(int register, byte count)
    {
        Prefixes(4, 0, 0, register);
        Byte(0xC1);
        Byte(0xE8 | (register & 7));
        Byte(count);
    }

    /// <summary>JMP with a 32-bit displacement. Returns where that is.</summary>
    internal int Jump()
    {
        Byte(0xE9);
        Int32(0);
        return Position - 4;
    }

    internal void JumpTo(int position) => Bind(Jump(), position);

    /// <summary>Makes a jump lead to a position.</summary>
    internal void Bind(int displacement, int position) =>
        Unsafe.WriteUnaligned(_memory.Writable + displacement, position - (displacement + 4));

    private void Prefixes(int size, int reg, int index, int @base)
    {
        if (size == 2)
        {
            Byte(0x66);
        }

        // An empty REX makes SPL to DIL of what would be AH to BH.
        Byte(0x40 | (size == 8 ? 8 : 0) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (@base >> 3));
    }

    private void Opcode(int opcode)
    {
        if (opcode > 0xFF)
        {
            Byte(opcode >> 8);
        }

        Byte(opcode);
    }

    private void Operand(int reg, int @base, int displacement)
    {
        bool wide = displacement is < sbyte.MinValue or > sbyte.MaxValue;
        Byte((wide ? 0x80 : 0x40) | ((reg & 7) << 3) | (@base & 7));
        if ((@base & 7) == 4)
        {
            Byte(0x24);
        }

        if (wide)
        {
            Int32(displacement);
        }
        else
        {
            Byte(displacement);
        }
    }

    private void ImmediateBytes(int size, int immediate)
    {
        switch (size)
        {
            case 1:
                Byte(immediate);
                break;
            case 2:
                Byte(immediate);
                Byte(immediate >> 8);
                break;
            default:
                Int32(immediate);
                break;
        }
    }
}
