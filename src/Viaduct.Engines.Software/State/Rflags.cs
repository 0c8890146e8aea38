namespace Viaduct.Engines.Software.State;

/// <summary>Bits of RFLAGS (Intel SDM vol. 1 3.4.3).</summary>
internal static class Rflags
{
    internal const uint Carry = 1 << 0;
    internal const uint AlwaysOne = 1 << 1;
    internal const uint Parity = 1 << 2;
    internal const uint Adjust = 1 << 4;
    internal const uint Zero = 1 << 6;
    internal const uint Sign = 1 << 7;
    internal const uint Trap = 1 << 8;
    internal const uint Interrupt = 1 << 9;
    internal const uint Direction = 1 << 10;
    internal const uint Overflow = 1 << 11;
    internal const uint IoPrivilege = 3 << 12;
    internal const uint NestedTask = 1 << 14;
    internal const uint Resume = 1 << 16;
    internal const uint Virtual8086 = 1 << 17;
    internal const uint AlignmentCheck = 1 << 18;
    internal const uint VirtualInterrupt = 1 << 19;
    internal const uint VirtualInterruptPending = 1 << 20;
    internal const uint Identification = 1 << 21;

    internal const uint Arithmetic = Carry | Parity | Adjust | Zero | Sign | Overflow;

    /// <summary>Flags that are not arithmetic.</summary>
    internal const uint Other = Trap | Interrupt | Direction | IoPrivilege | NestedTask | Resume | Virtual8086
        | AlignmentCheck | VirtualInterrupt | VirtualInterruptPending | Identification;
}
