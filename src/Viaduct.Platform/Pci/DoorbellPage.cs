using Viaduct.Platform.Memory;

namespace Viaduct.Platform.Pci;

/// <summary>
/// A page of doorbells whose values lie in memory, so that a host may show it to a guest as memory: then a store is no
/// exit and nobody is told of it, and the device watches the page while it has work (<see cref="DoorbellWatch"/>).
/// Before the device sleeps it has the host trap the page again.
/// </summary>
public sealed class DoorbellPage
{
    private readonly Lock _lock = new();
    private readonly Action _wake;
    private readonly Func<HostMemory>? _renew;
    private IDoorbellTrap? _trap;
    private long _ticket;
    private bool _told = true;

    /// <param name="bar">The BAR that holds it.</param>
    /// <param name="offset">Where in the BAR it lies, in bytes.</param>
    /// <param name="memory">Its values, <see cref="HostMemory.PageSize"/> bytes or more; the device disposes it.</param>
    /// <param name="wake">Wakes the device's worker; any thread.</param>
    /// <param name="renew">Replaces the memory; null for a device that can't, and is not to be given to one guest after the other.</param>
    public DoorbellPage(PciBar bar, ulong offset, HostMemory memory, Action wake, Func<HostMemory>? renew = null)
    {
        Bar = bar;
        Offset = offset;
        Memory = memory;
        _wake = wake;
        _renew = renew;
    }

    /// <summary>The BAR that holds it.</summary>
    public PciBar Bar { get; }

    /// <summary>Where in the BAR it lies, in bytes.</summary>
    public ulong Offset { get; }

    /// <summary>Its values, until <see cref="Renew"/> or the device's end.</summary>
    public HostMemory Memory { get; private set; }

    /// <summary>
    /// Who can show the page as memory; null where every store comes through the BAR's handler. Set by the function's
    /// host before the guest uses the device. With a new one the page is trapped at first.
    /// </summary>
    public IDoorbellTrap? Trap
    {
        get => Volatile.Read(ref _trap);
        set
        {
            lock (_lock)
            {
                _ticket++;
                _told = true;
                Volatile.Write(ref _trap, value);
            }

            _wake();
        }
    }

    /// <summary>Whether a store is told to the device, now and until it says otherwise itself.</summary>
    internal bool IsTold
    {
        get
        {
            lock (_lock)
            {
                return _told;
            }
        }
    }

    /// <summary>Replaces the memory, so that whoever was given it can't ring any more. After a reset of the device, while nobody accesses it.</summary>
    public void Renew() => Memory = _renew?.Invoke() ?? Memory;

    /// <summary>Says that a trapped store changed the page. Any thread.</summary>
    public void Ring() => _wake();

    /// <summary>Says that the trap that was asked for holds. Any thread.</summary>
    /// <param name="ticket">Of <see cref="IDoorbellTrap.Arm"/>; an outdated one says nothing.</param>
    public void Trapped(long ticket)
    {
        lock (_lock)
        {
            if (ticket != _ticket)
            {
                return;
            }

            _told = true;
        }

        _wake();
    }

    /// <summary>Asks for the trap. Device's worker.</summary>
    internal void Arm()
    {
        lock (_lock)
        {
            _trap?.Arm(++_ticket);
        }
    }

    /// <summary>Gives the page to the guest. Device's worker.</summary>
    internal void Disarm()
    {
        lock (_lock)
        {
            if (_trap is not null)
            {
                _ticket++;
                _told = false;
                _trap.Disarm();
            }
        }
    }
}
