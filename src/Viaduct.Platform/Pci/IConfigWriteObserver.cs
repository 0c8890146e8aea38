namespace Viaduct.Platform.Pci;

/// <summary>A device that acts on what the guest writes to one of its capabilities.</summary>
public interface IConfigWriteObserver
{
    /// <summary>The guest wrote these bytes; the function's configuration space holds the result. No lock is held; writes of several vCPUs may overlap.</summary>
    /// <param name="offset">Bytes from the start of the capability's header.</param>
    /// <param name="size">1, 2 or 4.</param>
    void OnConfigWritten(int offset, int size);
}
