using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Follows through a case's instructions which flags the manual leaves undefined.</summary>
internal sealed class UndefinedResults
{
    private const RflagsBits StatusBits = RflagsBits.C0 | RflagsBits.C1 | RflagsBits.C2 | RflagsBits.C3;
    private RflagsBits _now;
    private RflagsBits _ever;

    /// <summary>RFLAGS bits to leave out of the comparison. After an exception all that ever were undefined, since it isn't known how far the case came.</summary>
    public ulong Flags(bool afterException) => ToFlags(afterException ? _ever : _now);

    /// <summary>The same of the FPU status word.</summary>
    public ushort Status => ToStatus(_ever);

    public void Start()
    {
        _now = RflagsBits.None;
        _ever = RflagsBits.None;
    }

    /// <summary>Adds an instruction. False when its own result would be undefined.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="count">What CL holds then, −1 when not known.</param>
    public bool TryAdd(in Instruction instruction, int count)
    {
        if ((instruction.RflagsRead & _now) != 0)
        {
            return false;
        }

        RflagsBits undefined = instruction.RflagsUndefined;
        RflagsBits settled = instruction.RflagsModified & ~undefined;
        if (IsShift(instruction.Mnemonic))
        {
            if (!TryShift(instruction, count, ref undefined, ref settled))
            {
                return false;
            }
        }
        else if (instruction.HasRepPrefix || instruction.HasRepnePrefix)
        {
            // None of them may be written when the count is zero.
            settled = RflagsBits.None;
        }

        _now = (_now & ~settled) | undefined;
        _ever |= undefined;
        return true;
    }

    /// <summary>Whether it is a shift or rotate, whose flags depend on the count.</summary>
    public static bool IsShift(Mnemonic mnemonic) => mnemonic
        is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr
        or Mnemonic.Shld or Mnemonic.Shrd;

    private static bool TryShift(in Instruction instruction, int count, ref RflagsBits undefined, ref RflagsBits settled)
    {
        int last = instruction.OpCount - 1;
        if (instruction.GetOpKind(last) == OpKind.Immediate8)
        {
            count = instruction.Immediate8;
        }

        bool isDouble = instruction.Mnemonic is Mnemonic.Shld or Mnemonic.Shrd;
        int size = SizeOf(instruction);
        settled = RflagsBits.None;
        if (count < 0)
        {
            // Double shifts of 16 bits by more have no defined result at all.
            undefined = RflagsBits.OF | RflagsBits.AF | RflagsBits.CF;
            return !(isDouble && size == 16);
        }

        count &= size == 64 ? 63 : 31;
        bool rotates = instruction.Mnemonic is Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Rcl or Mnemonic.Rcr;
        undefined = RflagsBits.None;
        if (count != 0)
        {
            undefined |= count != 1 ? RflagsBits.OF : RflagsBits.None;
            undefined |= rotates ? RflagsBits.None : RflagsBits.AF;
            undefined |= count >= size && instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Sal or Mnemonic.Shr ? RflagsBits.CF : RflagsBits.None;
            settled = instruction.RflagsModified & ~undefined;
        }

        return !isDouble || count <= size;
    }

    private static int SizeOf(in Instruction instruction) =>
        (instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize()) * 8;

    private static ulong ToFlags(RflagsBits bits)
    {
        ulong flags = 0;
        flags |= (bits & RflagsBits.CF) != 0 ? 0x001UL : 0;
        flags |= (bits & RflagsBits.PF) != 0 ? 0x004UL : 0;
        flags |= (bits & RflagsBits.AF) != 0 ? 0x010UL : 0;
        flags |= (bits & RflagsBits.ZF) != 0 ? 0x040UL : 0;
        flags |= (bits & RflagsBits.SF) != 0 ? 0x080UL : 0;
        flags |= (bits & RflagsBits.OF) != 0 ? 0x800UL : 0;
        return flags;
    }

    private static ushort ToStatus(RflagsBits bits)
    {
        bits &= StatusBits;
        int status = 0;
        status |= (bits & RflagsBits.C0) != 0 ? 0x0100 : 0;
        status |= (bits & RflagsBits.C1) != 0 ? 0x0200 : 0;
        status |= (bits & RflagsBits.C2) != 0 ? 0x0400 : 0;
        status |= (bits & RflagsBits.C3) != 0 ? 0x4000 : 0;
        return (ushort)status;
    }
}
