namespace Viaduct.Backends.Block.Raw;

/// <summary>The system calls that requests on a raw file are made of.</summary>
internal enum RawCall : byte
{
    Read,
    Write,
    Sync,
    Allocate,
}
