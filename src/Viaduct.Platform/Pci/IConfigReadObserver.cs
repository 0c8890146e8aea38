namespace Viaduct.Platform.Pci;

/// <summary>A device whose capability has registers that are made up when they are read.</summary>
public interface IConfigReadObserver : IConfigWriteObserver
{
    /// <summary>The guest is about to read these bytes; the device sets them by <see cref="PciFunction.SetConfig"/>. No lock is held.</summary>
    /// <param name="offset">Bytes from the start of the capability's header.</param>
    /// <param name="size">1, 2 or 4.</param>
    void OnConfigReading(int offset, int size);
}
