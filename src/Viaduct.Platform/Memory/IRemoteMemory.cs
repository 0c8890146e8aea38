namespace Viaduct.Platform.Memory;

/// <summary>Memory that isn't in this process: whoever has it is asked for bytes, which may take a while.</summary>
public interface IRemoteMemory
{
    /// <summary>Copies bytes from there. False when that failed.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Copies bytes there. False when that failed.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
