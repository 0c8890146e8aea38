namespace Viaduct.Engines.Software.Translator;

/// <summary>How an instruction is translated.</summary>
internal enum TranslationKind
{
    /// <summary>The interpreter carries it out.</summary>
    Left,

    /// <summary>It does nothing.</summary>
    Nothing,

    /// <summary>The same instruction of the host, on other registers and at another address.</summary>
    Integer,
    Lea,
    Push,
    Pop,
    LeaveFrame,
    ConditionalJump,
    Jump,
    Call,
    IndirectJump,
    IndirectCall,
    Return,
    Vector,
}
