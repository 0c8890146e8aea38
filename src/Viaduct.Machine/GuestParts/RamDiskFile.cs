namespace Viaduct.Machine.GuestParts;

/// <summary>A file to be put into an initial RAM disk.</summary>
/// <param name="Path">Relative to the root.</param>
/// <param name="Contents">Its bytes.</param>
/// <param name="Executable">Whether it may be run.</param>
public sealed record RamDiskFile(string Path, ReadOnlyMemory<byte> Contents, bool Executable);
