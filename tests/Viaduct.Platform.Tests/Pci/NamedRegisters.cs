using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Tests.Pci;

/// <summary>Registers that read as a constant plus the offset, so that a test sees who answered and where.</summary>
public sealed class NamedRegisters(ulong name) : IAccessHandler
{
    public ulong? LastWritten { get; private set; }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = name + offset;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        LastWritten = value;
        return AccessStatus.Done;
    }
}
