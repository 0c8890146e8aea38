using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.TestBoard;

/// <summary>The main counter of a high precision event timer, 100 MHz, without comparators (IA-PC HPET Specification 1.0a, 2.3).</summary>
public sealed class PrecisionCounter : IAccessHandler
{
    /// <summary>Where it is.</summary>
    public const ulong Address = 0xFED0_0000;

    /// <summary>Bytes of registers.</summary>
    public const ulong Length = 0x400;

    private const ulong Capabilities = 0x00;
    private const ulong Configuration = 0x10;
    private const ulong Counter = 0xF0;
    private const ulong Enable = 1;

    // Revision 1, 64 bits; 10 ns, in femtoseconds.
    private const ulong CapabilitiesValue = (10_000_000UL << 32) | (1 << 13) | 1;
    private const long NanosecondsPerTick = 10;

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private bool _enabled;
    private long _started;
    private ulong _count;

    /// <param name="time">Where time comes from.</param>
    public PrecisionCounter(TimeProvider time) => _time = time;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        ulong register = offset & ~7UL;
        lock (_gate)
        {
            value = register switch
            {
                Capabilities => CapabilitiesValue,
                Configuration => _enabled ? Enable : 0,
                Counter => Now(),
                _ => 0,
            };
        }

        value = (value >> (int)((offset & 7) * 8)) & (ulong.MaxValue >> (64 - (size * 8)));
        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        lock (_gate)
        {
            switch (offset)
            {
                case Configuration:
                    _count = Now();
                    _started = _time.GetTimestamp();
                    _enabled = (value & Enable) != 0;
                    break;
                case Counter when !_enabled:
                    _count = value;
                    break;
            }
        }

        return AccessStatus.Done;
    }

    private ulong Now() => _enabled
        ? _count + (ulong)(_time.GetElapsedTime(_started).Ticks * TimeSpan.NanosecondsPerTick / NanosecondsPerTick)
        : _count;
}
