using Viaduct.Emulated.Serial;

namespace Viaduct.Machine;

/// <summary>A serial line that ends nowhere.</summary>
internal sealed class SilentSink : ISerialSink
{
    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        // Nobody listens.
    }
}
