using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.Power;

/// <summary>
/// The sleep control and status registers of a hardware-reduced ACPI machine (ACPI 6.5, "Sleep Control and Status Registers"), at two ports one
/// after the other. The one state it enters is soft-off, SLP_TYP 5; it never wakes, so the status is always zero.
/// </summary>
public sealed class SleepControl : IAccessHandler
{
    /// <summary>The port of the control register; the status register is next.</summary>
    public const ushort Port = 0x600;

    /// <summary>Ports that it occupies.</summary>
    public const int PortCount = 2;

    private readonly IPowerRequests _requests;
    private int _control;

    /// <param name="requests">Who switches off.</param>
    public SleepControl(IPowerRequests requests) => _requests = requests;

    /// <summary>Takes the registers to their state after power-on.</summary>
    public void Reset() => Volatile.Write(ref _control, 0);

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = offset == Registers.SleepControl ? (ulong)Volatile.Read(ref _control) : 0;
        return size == 1 ? AccessStatus.Done : AccessStatus.InvalidSize;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (size != 1)
        {
            return AccessStatus.InvalidSize;
        }

        if (offset == Registers.SleepControl)
        {
            int type = (int)(value >> Registers.SleepTypeShift) & Registers.SleepTypeMask;
            Volatile.Write(ref _control, type << Registers.SleepTypeShift);
            if ((value & Registers.SleepEnable) != 0 && type == Registers.SoftOff)
            {
                _requests.PowerOff();
            }
        }

        return AccessStatus.Done;
    }
}
