using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>Registers of a function that may go away: past its end nobody answers.</summary>
internal sealed class GuardedHandler : IAccessHandler
{
    private readonly IAccessHandler _handler;
    private readonly AccessGuard _guard;

    internal GuardedHandler(IAccessHandler handler, AccessGuard guard)
    {
        _handler = handler;
        _guard = guard;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (!_guard.TryEnter())
        {
            return AccessStatus.NoResponse;
        }

        try
        {
            return _handler.Read(offset, size, out value);
        }
        finally
        {
            _guard.Exit();
        }
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (!_guard.TryEnter())
        {
            return AccessStatus.NoResponse;
        }

        try
        {
            return _handler.Write(offset, size, value);
        }
        finally
        {
            _guard.Exit();
        }
    }
}
