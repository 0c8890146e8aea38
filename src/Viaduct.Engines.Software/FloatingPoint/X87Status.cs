namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>Bits of the x87 status word (SDM vol. 1, 8.1.3). The low six are <see cref="FloatExceptions"/>.</summary>
internal static class X87Status
{
    internal const ushort StackFault = 1 << 6;
    internal const ushort ErrorSummary = 1 << 7;
    internal const ushort C0 = 1 << 8;
    internal const ushort C1 = 1 << 9;
    internal const ushort C2 = 1 << 10;
    internal const int TopShift = 11;
    internal const ushort Top = 7 << TopShift;
    internal const ushort C3 = 1 << 14;
    internal const ushort Busy = 1 << 15;
    internal const ushort Conditions = C0 | C1 | C2 | C3;
}
