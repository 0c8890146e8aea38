using Viaduct.Emulated.Serial;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>Passes a guest's serial output on to this process's own.</summary>
internal sealed class Acknowledgements(Stream output) : ISerialSink
{
    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        output.Flush();
    }
}
