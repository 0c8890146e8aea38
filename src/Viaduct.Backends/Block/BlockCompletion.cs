namespace Viaduct.Backends.Block;

/// <summary>A request is done.</summary>
/// <param name="Token">The request's.</param>
/// <param name="Error">Zero, or the errno that the host gave (EIO, ENOSPC, EROFS …).</param>
public readonly record struct BlockCompletion(ulong Token, int Error);
