namespace Viaduct.Emulated.Serial;

/// <summary>Where the bytes go that a guest sends: a terminal, a file, a test's recorder.</summary>
public interface ISerialSink
{
    /// <summary>Takes all bytes; may block, which holds back the guest's transmitter but not its processors. One call at a time, on the port's own thread. An <see cref="IOException"/> loses the bytes.</summary>
    void Write(ReadOnlySpan<byte> bytes);
}
