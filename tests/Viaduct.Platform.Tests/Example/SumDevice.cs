using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;
using Viaduct.Platform.Workers;

namespace Viaduct.Platform.Tests.Example;

/// <summary>A device that adds up the bytes of a buffer in guest memory, and interrupts when it has.</summary>
public sealed class SumDevice : IAccessHandler, IWork, IDisposable
{
    public const ulong Address = 0x00;
    public const ulong Length = 0x08;
    public const ulong Start = 0x0C;
    public const ulong Status = 0x10;
    public const ulong Sum = 0x14;
    public const ulong RegistersLength = 0x18;

    public const uint Idle = 0;
    public const uint Busy = 1;
    public const uint Done = 2;
    public const uint Failed = 3;

    private const uint MaximumLength = 1 << 20;
    private const int Piece = 4096;

    private readonly DmaTarget _dma;
    private readonly DeviceCounters _counters;
    private readonly MsixCapability _interrupts;
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly DeviceWorker _worker;
    private ulong _address;
    private uint _length;
    private uint _status;
    private uint _sum;
    private int _resets;

    public SumDevice(string name, DmaTarget dma, DeviceCounters counters)
    {
        _dma = dma;
        _counters = counters;
        PciIdentity identity = new(VendorId: 0x1234, DeviceId: 0x5644, Revision: 1, ClassCode: 0xFF0000, SubsystemVendorId: 0x1234, SubsystemId: 1);
        Function = new PciFunction(name, identity, dma, counters);
        PciBar bar = Function.AddBar(0, PciBarKind.Memory64, 0x4000);
        bar.Map(0, RegistersLength, this);
        _interrupts = Function.AddMsix(1, bar, 0x1000, bar, 0x2000);
        Function.AddExpress();
        Function.AddPowerManagement();
        Function.Reset += Reset;
        _worker = new DeviceWorker($"io-{name}", this, counters);
    }

    public PciFunction Function { get; }

    // Registers: any vCPU's thread, several at once. Nothing here may take long.
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (size != SizeOf(offset))
        {
            return AccessStatus.InvalidSize;
        }

        lock (_gate)
        {
            value = offset switch
            {
                Address => _address,
                Length => _length,
                Status => _status,
                Sum => _sum,
                _ => 0,
            };
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (size != SizeOf(offset))
        {
            return AccessStatus.InvalidSize;
        }

        lock (_gate)
        {
            switch (offset)
            {
                case Address:
                    _address = value;
                    break;
                case Length:
                    _length = (uint)value;
                    break;
                case Start:
                    _status = Busy;
                    _worker.Wake();
                    break;
            }
        }

        return AccessStatus.Done;
    }

    // The worker's thread.
    bool IWork.DoWork()
    {
        ulong address;
        uint length;
        int resets;
        lock (_gate)
        {
            if (_status != Busy)
            {
                return false;
            }

            (address, length, resets) = (_address, _length, _resets);
        }

        bool good = TryAdd(address, length, out uint sum);
        lock (_gate)
        {
            if (resets != _resets)
            {
                return true;
            }

            _sum = sum;
            _status = good ? Done : Failed;
        }

        _counters.Request();
        _interrupts.Signal(0);
        return true;
    }

    void IWork.Sleep() => _wake.WaitOne();

    void IWork.Wake() => _wake.Set();

    public void Dispose()
    {
        Function.Reset -= Reset;
        _worker.Dispose();
        _wake.Dispose();
    }

    private static int SizeOf(ulong offset) => offset switch
    {
        Address => 8,
        Length or Start or Status or Sum => 4,
        _ => 0,
    };

    // What the guest wrote is hostile: bounded here, and checked by the DmaTarget.
    private bool TryAdd(ulong address, uint length, out uint sum)
    {
        sum = 0;
        if (length > MaximumLength || address > ulong.MaxValue - length)
        {
            return false;
        }

        Span<byte> piece = stackalloc byte[Piece];
        for (uint done = 0; done < length; done += Piece)
        {
            Span<byte> part = piece[..(int)Math.Min(Piece, length - done)];
            if (!_dma.TryRead(address + done, part))
            {
                return false;
            }

            foreach (byte value in part)
            {
                sum += value;
            }
        }

        return true;
    }

    private void Reset()
    {
        lock (_gate)
        {
            (_address, _length, _status, _sum) = (0, 0, Idle, 0);
            _resets++;
        }
    }
}
