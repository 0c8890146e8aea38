namespace Viaduct.Engines.Software.Translator;

/// <summary>
/// Which host register holds what in translated code. Guest RAX to RDI and R8 to R11 are in the host's registers of the
/// same name, since many instructions name them implicitly; RSP is in R15; R12 to R15 are in the state, for something
/// has to give way to the state's address and two scratch registers.
/// </summary>
internal static class HostRegisters
{
    internal const int Rax = 0;
    internal const int Rdx = 2;
    internal const int Rbx = 3;
    internal const int Rbp = 5;

    /// <summary>First scratch register: an address, and the host's address of a memory operand.</summary>
    internal const int First = 12;

    /// <summary>Second scratch register.</summary>
    internal const int Second = 13;

    /// <summary>The address of the processor's state.</summary>
    internal const int State = 14;

    /// <summary>The guest's RSP.</summary>
    internal const int GuestRsp = 15;

    /// <summary>The guest's stack pointer by its own number.</summary>
    internal const int Rsp = 4;

    /// <summary>Whether a guest register is kept in the state.</summary>
    internal static bool IsInState(int guest) => guest >= 12;

    /// <summary>The host register of one that isn't.</summary>
    internal static int Of(int guest) => guest == Rsp ? GuestRsp : guest;
}
