using Viaduct.Sriov.Control;

namespace Viaduct.Sriov.Host;

/// <summary>Something that was asked of the host's functions was not done; all is as it was, or the message says what isn't.</summary>
public sealed class HostFunctionException : IOException
{
    /// <param name="kind">For programs.</param>
    /// <param name="message">For people: what, who, and what would help.</param>
    /// <param name="inner">The cause.</param>
    public HostFunctionException(ControlErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    /// <summary>Why.</summary>
    public ControlErrorKind Kind { get; }
}
