namespace Viaduct.Sriov.Control;

/// <summary>Why a request was not carried out.</summary>
public enum ControlErrorKind
{
    /// <summary>The request makes no sense, or asks for what can't be.</summary>
    Invalid,

    /// <summary>What it is about isn't there.</summary>
    Missing,

    /// <summary>A guest holds what it is about.</summary>
    Held,

    /// <summary>It makes sense, but failed.</summary>
    Failed,
}
