namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>The constants of FLD1 to FLDZ, by the low bits of their opcode: held to more bits than a register has.</summary>
internal static class X87Constants
{
    internal const byte One = 0;
    internal const byte Log2Of10 = 1;
    internal const byte Log2OfE = 2;
    internal const byte Pi = 3;
    internal const byte Log10Of2 = 4;
    internal const byte LnOf2 = 5;
    internal const byte Zero = 6;

    /// <summary>π to 128 bits.</summary>
    internal static Unpacked WidePi => new(false, 1, new UInt128(0xC90FDAA22168C234, 0xC4C6628B80DC1CD1));

    /// <summary>ln 2 to 128 bits.</summary>
    internal static Unpacked WideLn2 => new(false, -1, new UInt128(0xB17217F7D1CF79AB, 0xC9E3B39803F2F6AF));

    /// <summary>log₂ e to 128 bits.</summary>
    internal static Unpacked WideLog2E => new(false, 0, new UInt128(0xB8AA3B295C17F0BB, 0xBE87FED0691D3E88));

    /// <summary>The constant rounded as <paramref name="mode"/> says. No exception is raised for it.</summary>
    internal static Float80 Get(byte index, RoundingMode mode) => index switch
    {
        One => Float80.One,
        Log2Of10 => Round(new Unpacked(false, 1, new UInt128(0xD49A784BCD1B8AFE, 0x492BF6FF4DAFDB4C)), mode),
        Log2OfE => Round(WideLog2E, mode),
        Pi => Round(WidePi, mode),
        Log10Of2 => Round(new Unpacked(false, -2, new UInt128(0x9A209A84FBCFF798, 0x8F8959AC0B7C9178)), mode),
        LnOf2 => Round(WideLn2, mode),
        _ => Float80.Zero(false),
    };

    private static Float80 Round(in Unpacked value, RoundingMode mode)
    {
        var status = new FloatStatus(0).With(mode);
        return Float80Rounding.Pack(in value, 64, ref status);
    }
}
