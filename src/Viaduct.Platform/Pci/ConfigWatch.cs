namespace Viaduct.Platform.Pci;

/// <summary>Bytes of configuration space that somebody follows: the platform, under the lock, or a device, after it.</summary>
internal readonly record struct ConfigWatch(int Offset, int Length, IConfigRegisters? Registers, IConfigWriteObserver? Observer)
{
    internal bool Overlaps(int offset, int size) => offset < Offset + Length && offset + size > Offset;
}
