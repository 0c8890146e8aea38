using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>The rest of a handler's range, where a bridge window cuts off its beginning.</summary>
internal sealed class OffsetHandler : IAccessHandler
{
    private readonly IAccessHandler _handler;
    private readonly ulong _offset;

    internal OffsetHandler(IAccessHandler handler, ulong offset)
    {
        _handler = handler;
        _offset = offset;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value) => _handler.Read(offset + _offset, size, out value);

    public AccessStatus Write(ulong offset, int size, ulong value) => _handler.Write(offset + _offset, size, value);
}
