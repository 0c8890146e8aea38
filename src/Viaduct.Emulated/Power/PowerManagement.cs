using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.State;

namespace Viaduct.Emulated.Power;

/// <summary>
/// The fixed power management registers of ACPI (ACPI 6.5, 4.8.3): the PM1 event block and the PM1 control register,
/// six ports in a row. The one state it enters is soft-off, SLP_TYP 5. No fixed event ever happens: its buttons aren't there.
/// </summary>
public sealed class PowerManagement : IAccessHandler, ISavable
{
    /// <summary>The port of the status register.</summary>
    public const ushort Port = 0x600;

    /// <summary>Ports that it occupies.</summary>
    public const int PortCount = 6;

    private readonly IPowerRequests _requests;
    private int _enable;
    private int _control = Registers.SciEnable;

    /// <param name="requests">Who switches off.</param>
    public PowerManagement(IPowerRequests requests) => _requests = requests;

    /// <inheritdoc/>
    public string StateName => "power management";

    /// <inheritdoc/>
    public int StateVersion => 1;

    /// <inheritdoc/>
    public void Save(StateWriter writer)
    {
        writer.Int32(Volatile.Read(ref _enable));
        writer.Int32(Volatile.Read(ref _control));
    }

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version)
    {
        Volatile.Write(ref _enable, reader.Int32() & Registers.EventsKnown);
        Volatile.Write(ref _control, (reader.Int32() & Registers.SleepType) | Registers.SciEnable);
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        ulong all = ((ulong)Volatile.Read(ref _enable) << (8 * Registers.EventEnable))
            | ((ulong)Volatile.Read(ref _control) << (8 * Registers.Control));
        value = (all >> (int)(8 * offset)) & (ulong.MaxValue >> (64 - (8 * size)));
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        switch (offset)
        {
            case Registers.EventEnable when size == 2:
                Volatile.Write(ref _enable, (int)value & Registers.EventsKnown);
                return AccessStatus.Done;
            case Registers.Control when size == 2:
                Volatile.Write(ref _control, ((int)value & Registers.SleepType) | Registers.SciEnable);
                if ((value & Registers.SleepEnable) != 0 && ((int)value & Registers.SleepType) == Registers.SoftOff)
                {
                    _requests.PowerOff();
                }

                return AccessStatus.Done;
            case Registers.EventStatus when size == 2:
                // Write 1 to clear, and nothing is ever set.
                return AccessStatus.Done;
            default:
                return AccessStatus.InvalidSize;
        }
    }
}
