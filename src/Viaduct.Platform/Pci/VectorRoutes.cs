using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// The eventfds that raise one vector past the monitor, kept in step with what the guest's registers say of the vector:
/// connected while it is sent, kept in the eventfd while it is masked, lost where a raised vector is lost. Under the vector's lock.
/// </summary>
internal sealed class VectorRoutes
{
    private IMessageEvent[] _routes = [];
    private (ushort RequesterId, ulong Address, uint Data)? _connected;
    private bool _loses = true;

    /// <summary>Whether a masked vector was raised.</summary>
    internal bool IsRaised => _connected is null && !_loses && Array.Exists(_routes, route => route.Signal.IsRaised);

    internal void Add(IMessageEvent route)
    {
        _routes = [.. _routes, route];
        if (_connected is { } message)
        {
            route.Connect(message.RequesterId, message.Address, message.Data);
        }
    }

    internal void Remove(IMessageEvent route)
    {
        _routes = Array.FindAll(_routes, other => other != route);
        route.Disconnect();
    }

    /// <summary>Takes on what the registers now say.</summary>
    /// <param name="dma">The function's identity, and whether it may write.</param>
    /// <param name="enabled">Whether the guest chose these interrupts.</param>
    /// <param name="masked">Whether the vector is held back.</param>
    /// <param name="address">The message's address.</param>
    /// <param name="data">The message's data.</param>
    internal void Follow(DmaTarget dma, bool enabled, bool masked, ulong address, uint data)
    {
        (ushort RequesterId, ulong Address, uint Data)? wanted = enabled && !masked && dma.Granted ? (dma.RequesterId, address, data) : null;
        bool loses = !enabled || (!masked && !dma.Granted);
        if (_loses && !loses)
        {
            foreach (IMessageEvent route in _routes)
            {
                _ = route.Signal.TryConsume();
            }
        }

        _loses = loses;
        if (wanted == _connected)
        {
            return;
        }

        _connected = wanted;
        foreach (IMessageEvent route in _routes)
        {
            if (wanted is { } message)
            {
                route.Connect(message.RequesterId, message.Address, message.Data);
            }
            else
            {
                route.Disconnect();
            }
        }
    }
}
