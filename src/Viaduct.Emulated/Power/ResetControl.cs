using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.State;

namespace Viaduct.Emulated.Power;

/// <summary>The chipset's reset control register, I/O port 0xCF9 (Intel ICH9 data sheet, 13.7.5): a reset begins when bit 2 goes from 0 to 1, as it does when ACPI's reset value 6 is written.</summary>
public sealed class ResetControl : IAccessHandler, ISavable
{
    /// <summary>Its port.</summary>
    public const ushort Port = 0xCF9;

    private readonly IPowerRequests _requests;
    private int _value;

    /// <param name="requests">Who carries out the reset.</param>
    public ResetControl(IPowerRequests requests) => _requests = requests;

    /// <inheritdoc/>
    public string StateName => "reset control";

    /// <inheritdoc/>
    public int StateVersion => 1;

    /// <inheritdoc/>
    public void Save(StateWriter writer) => writer.Int32(Volatile.Read(ref _value));

    /// <inheritdoc/>
    public void Restore(StateReader reader, int version) => Volatile.Write(ref _value, reader.Int32() & Registers.ResetWritable);

    /// <summary>Takes the register to its state after power-on.</summary>
    public void Reset() => Volatile.Write(ref _value, 0);

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = (ulong)Volatile.Read(ref _value);
        return offset == 0 && size == 1 ? AccessStatus.Done : AccessStatus.InvalidSize;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (offset != 0 || size != 1)
        {
            return AccessStatus.InvalidSize;
        }

        int before = Interlocked.Exchange(ref _value, (int)value & Registers.ResetWritable);
        if ((before & Registers.ResetProcessor) == 0 && (value & Registers.ResetProcessor) != 0)
        {
            _requests.Reset();
        }

        return AccessStatus.Done;
    }
}
