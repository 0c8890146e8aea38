namespace Viaduct.Engines.Software.Interpreter;

/// <summary>Near transfers outside 64-bit mode.</summary>
internal enum NearKind : byte
{
    Jump,
    JumpRegister,
    JumpMemory,
    Call,
    CallRegister,
    CallMemory,
    Return,
}
