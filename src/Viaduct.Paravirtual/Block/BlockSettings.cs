namespace Viaduct.Paravirtual.Block;

/// <summary>What all workers of a block device look at and the control side changes.</summary>
internal sealed class BlockSettings
{
    private bool _durableWrites;

    /// <param name="serial">What GET_ID answers; 20 bytes, padded with zeros.</param>
    internal BlockSettings(byte[] serial) => Serial = serial;

    internal byte[] Serial { get; }

    /// <summary>Whether a write is durable when it completes: the driver can't flush, or turned the cache off.</summary>
    internal bool DurableWrites
    {
        get => Volatile.Read(ref _durableWrites);
        set => Volatile.Write(ref _durableWrites, value);
    }
}
