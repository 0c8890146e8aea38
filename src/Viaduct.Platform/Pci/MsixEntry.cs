using Viaduct.Platform.Dma;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>
/// One entry of an MSI-X table with its pending bit. Its lock orders a raised vector against masking, so that none is
/// sent after the write that masked it was answered.
/// </summary>
internal sealed class MsixEntry
{
    private const uint ControlMasked = 1;

    private readonly Lock _lock = new();
    private uint _addressLow;
    private uint _addressHigh;
    private uint _data;
    private uint _control = ControlMasked;
    private bool _pending;
    private VectorRoutes? _routes;

    internal bool IsMasked
    {
        get
        {
            lock (_lock)
            {
                return (_control & ControlMasked) != 0;
            }
        }
    }

    internal bool Pending
    {
        get
        {
            lock (_lock)
            {
                return _pending || _routes is { IsRaised: true };
            }
        }
    }

    /// <summary>Sends the message, or keeps it while the function or the vector is masked.</summary>
    internal void Signal(DmaTarget dma, MsixCapability capability)
    {
        lock (_lock)
        {
            if (!capability.Enabled)
            {
                return;
            }

            _pending = true;
            SendIfDue(dma, capability);
        }
    }

    /// <summary>Sends what has been kept, if nothing masks it any more.</summary>
    internal void Release(DmaTarget dma, MsixCapability capability)
    {
        lock (_lock)
        {
            SendIfDue(dma, capability);
            FollowRoutes(dma, capability);
        }
    }

    /// <summary>Has an eventfd raise the vector, too.</summary>
    internal void Attach(IMessageEvent route, DmaTarget dma, MsixCapability capability)
    {
        lock (_lock)
        {
            _routes ??= new VectorRoutes();
            FollowRoutes(dma, capability);
            _routes.Add(route);
        }
    }

    /// <summary>Takes an eventfd away.</summary>
    internal void Detach(IMessageEvent route)
    {
        lock (_lock)
        {
            _routes?.Remove(route);
        }
    }

    /// <param name="register">0 to 3: address, upper address, data, vector control (7.7.2.6 to 7.7.2.9).</param>
    internal uint Read(int register)
    {
        lock (_lock)
        {
            return register switch
            {
                0 => _addressLow,
                1 => _addressHigh,
                2 => _data,
                _ => _control,
            };
        }
    }

    /// <summary>Writes a register. True when that lifted the vector's mask.</summary>
    internal bool Write(int register, uint value, DmaTarget dma, MsixCapability capability)
    {
        lock (_lock)
        {
            bool masked = (_control & ControlMasked) != 0;
            switch (register)
            {
                case 0:
                    _addressLow = value & ~3u;
                    break;
                case 1:
                    _addressHigh = value;
                    break;
                case 2:
                    _data = value;
                    break;
                default:
                    _control = value & ControlMasked;
                    SendIfDue(dma, capability);
                    break;
            }

            FollowRoutes(dma, capability);

            return masked && (_control & ControlMasked) == 0;
        }
    }

    internal void Reset(DmaTarget dma, MsixCapability capability)
    {
        lock (_lock)
        {
            (_addressLow, _addressHigh, _data, _control, _pending) = (0, 0, 0, ControlMasked, false);
            FollowRoutes(dma, capability);
        }
    }

    private void FollowRoutes(DmaTarget dma, MsixCapability capability) => _routes?.Follow(
        dma,
        capability.Enabled,
        capability.FunctionMasked || (_control & ControlMasked) != 0,
        _addressLow | ((ulong)_addressHigh << 32),
        _data);

    private void SendIfDue(DmaTarget dma, MsixCapability capability)
    {
        if (_pending && capability.Enabled && !capability.FunctionMasked && (_control & ControlMasked) == 0)
        {
            _pending = false;
            dma.SignalMsi(_addressLow | ((ulong)_addressHigh << 32), _data);
        }
    }
}
