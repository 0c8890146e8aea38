using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Cli.Bench.Exits;

/// <summary>A register that keeps what is written.</summary>
internal sealed class StoredRegister : IAccessHandler
{
    private ulong _value;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = _value;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        _value = value;
        return AccessStatus.Done;
    }
}
