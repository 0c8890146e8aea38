using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>What reaches a processor past the vectors: NMI, INIT and start-up. Raised by any thread, taken by the processor's.</summary>
internal sealed class ProcessorSignals
{
    private const int None = -1;

    private int _nmi;
    private int _init;
    private int _startUp = None;

    /// <summary>Whether a non-maskable interrupt waits.</summary>
    public bool IsNmiPending => Volatile.Read(ref _nmi) != 0;

    /// <summary>Whether an INIT or a start-up message waits.</summary>
    public bool IsResetPending => Volatile.Read(ref _init) != 0 || Volatile.Read(ref _startUp) >= 0;

    public void Clear()
    {
        Volatile.Write(ref _nmi, 0);
        Volatile.Write(ref _init, 0);
        Volatile.Write(ref _startUp, None);
    }

    public void Save(StateWriter writer)
    {
        writer.Int32(_nmi);
        writer.Int32(_init);
        writer.Int32(_startUp);
    }

    public void Restore(StateReader reader)
    {
        _nmi = reader.Int32(0, 1);
        _init = reader.Int32(0, 1);
        _startUp = reader.Int32(None, byte.MaxValue);
    }

    public void RaiseNmi() => Volatile.Write(ref _nmi, 1);

    /// <summary>An INIT; a start-up message from before it is void.</summary>
    public void RaiseInit()
    {
        Volatile.Write(ref _startUp, None);
        Volatile.Write(ref _init, 1);
    }

    public void RaiseStartUp(byte vector) => Volatile.Write(ref _startUp, vector);

    /// <summary>Takes the pending non-maskable interrupt. Several that came before it was taken are one.</summary>
    public bool TakeNmi() => Volatile.Read(ref _nmi) != 0 && Interlocked.Exchange(ref _nmi, 0) != 0;

    public bool TakeInit() => Volatile.Read(ref _init) != 0 && Interlocked.Exchange(ref _init, 0) != 0;

    /// <summary>Takes the pending start-up message: its vector, −1 when there was none.</summary>
    public bool TakeStartUp(out int vector)
    {
        vector = Interlocked.Exchange(ref _startUp, None);
        return vector >= 0;
    }
}
