using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.TestBoard;

/// <summary>Two 8259As, the second at input 2 of the first, as firmware leaves them: vectors 8 and 70H, inputs 9 to 11 open (Intel 8259A data sheet).</summary>
public sealed class InterruptPair : IVectorSource
{
    /// <summary>Ports of the first.</summary>
    public const ushort Port = 0x20;

    /// <summary>Ports of the second.</summary>
    public const ushort SecondPort = 0xA0;

    /// <summary>Ports of each.</summary>
    public const ushort PortCount = 2;

    /// <summary>Inputs of both.</summary>
    public const int LineCount = 16;

    private const int Cascade = 2;

    private readonly Lock _gate = new();
    private readonly InterruptController _master;
    private readonly InterruptController _slave;
    private Action? _notify;

    /// <summary>Makes both.</summary>
    public InterruptPair()
    {
        _master = new InterruptController(_gate, Settle, vector: 0x08, mask: 0xFB);
        _slave = new InterruptController(_gate, Settle, vector: 0x70, mask: 0xF1);
    }

    /// <summary>Registers of the first.</summary>
    public IAccessHandler Master => _master;

    /// <summary>Registers of the second.</summary>
    public IAccessHandler Slave => _slave;

    /// <inheritdoc/>
    public bool IsPending
    {
        get
        {
            lock (_gate)
            {
                return _master.Highest >= 0;
            }
        }
    }

    /// <summary>Tells whom to call when an interrupt may wait.</summary>
    public void Attach(Action notify) => _notify = notify;

    /// <summary>An input.</summary>
    public IInterruptLine Line(int number) => new Input(this, number);

    /// <inheritdoc/>
    public int Acknowledge()
    {
        lock (_gate)
        {
            int level = _master.Acknowledge();
            if (level != Cascade)
            {
                return _master.VectorOf(level);
            }

            int vector = _slave.VectorOf(_slave.Acknowledge());
            SetCascade();
            return vector;
        }
    }

    // Under the lock. What the second has to say is the first's input 2.
    private void Settle()
    {
        SetCascade();
        if (_master.Highest >= 0)
        {
            _notify?.Invoke();
        }
    }

    private void SetCascade()
    {
        bool pending = _slave.Highest >= 0;
        _master.Set(Cascade, false);
        _master.Set(Cascade, pending);
        if (!pending)
        {
            _master.Forget(Cascade);
        }
    }

    private void Set(int number, bool asserted)
    {
        lock (_gate)
        {
            (number < 8 ? _master : _slave).Set(number & 7, asserted);
            Settle();
        }
    }

    private sealed class Input(InterruptPair pair, int number) : IInterruptLine
    {
        public void Set(bool asserted) => pair.Set(number, asserted);
    }
}
