namespace Viaduct.Platform.Pci;

/// <summary>
/// The power management capability (PCI Express Base 5.0, 7.5.2): D0 and D3hot, without reset on the way back, no PME.
/// In D3hot the function answers configuration requests only, doesn't master the bus and raises no INTx.
/// </summary>
public sealed class PowerManagementCapability : IConfigRegisters
{
    private const byte Id = 0x01;
    private const int Length = 8;
    private const int Control = 4;
    private const uint StateMask = 3;
    private const uint D3Hot = 3;
    private const ushort NoSoftReset = 1 << 3;

    private readonly PciFunction _function;
    private uint _state;

    internal PowerManagementCapability(PciFunction function)
    {
        _function = function;

        // Capabilities: version 3 (5.3.1). The state is the only register the guest writes.
        Offset = function.AddCapability(Id, [3, 0, (byte)NoSoftReset, 0, 0, 0], [0, 0, (byte)StateMask]);
        function.Watch(Offset + Control, Length - Control, this);
    }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>Whether the function is in D0.</summary>
    internal bool IsD0 => Volatile.Read(ref _state) == 0;

    ConfigEffects IConfigRegisters.Written()
    {
        uint control = _function.Config.Read(Offset + Control, 2);
        uint state = control & StateMask;
        if (state is not (0 or D3Hot))
        {
            // A write of a state that isn't supported is dropped (7.5.2.2).
            _function.Config.Set(Offset + Control, 2, (control & ~StateMask) | _state);
            return ConfigEffects.None;
        }

        Volatile.Write(ref _state, state);
        return ConfigEffects.Routing | ConfigEffects.Interrupts;
    }

    void IConfigRegisters.Reset() => Volatile.Write(ref _state, 0);
}
