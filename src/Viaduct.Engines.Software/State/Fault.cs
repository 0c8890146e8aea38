namespace Viaduct.Engines.Software.State;

/// <summary>An exception or software interrupt on its way to the guest.</summary>
internal struct Fault
{
    /// <summary>The vector.</summary>
    internal byte Vector;

    /// <summary>Whether an error code is pushed.</summary>
    internal bool HasErrorCode;

    /// <summary>Whether it was raised by INT n, INT3 or INTO: privilege of the gate is checked and RIP points after it.</summary>
    internal bool Software;

    /// <summary>Whether it was raised by INT1, to which no gate's privilege matters.</summary>
    internal bool IsDebugInstruction;

    /// <summary>Whether an access to a non-canonical address raised it: #GP, or #SS where the access went through the stack segment.</summary>
    internal bool NonCanonical;

    /// <summary>Bytes of the instruction, when <see cref="Software"/>: where RIP goes back to when delivery itself faults.</summary>
    internal byte InstructionLength;

    /// <summary>The error code.</summary>
    internal uint ErrorCode;

    /// <summary>Bits that a debug exception sets in DR6.</summary>
    internal uint DebugStatus;
}
