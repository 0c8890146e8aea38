using Iced.Intel;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Registers as offsets into <see cref="CpuState"/>.</summary>
internal static class Registers
{
    /// <summary>A general register's offset; AH, CH, DH and BH are the second byte of theirs.</summary>
    internal static byte OffsetOf(Register register) => register switch
    {
        >= Register.AH and <= Register.BH => (byte)(((register - Register.AH) * 8) + 1),
        >= Register.SPL and <= Register.R15L => (byte)((register - Register.SPL + 4) * 8),
        _ => (byte)(register.GetNumber() * 8),
    };

    /// <summary>A base or index register's offset, with what stands for none.</summary>
    internal static byte AddressOffsetOf(Register register) =>
        register is Register.None ? CpuState.ZeroRegister : (byte)(register.GetNumber() * 8);

    /// <summary>A segment register's number.</summary>
    internal static byte SegmentOf(Register register) => (byte)(register - Register.ES);
}
