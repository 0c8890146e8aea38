using Viaduct.Emulated.Rtc;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Rtc;

/// <summary>A clock chip as a driver sees it.</summary>
internal sealed class ClockGuest : IDisposable
{
    public ClockGuest(DateTime now)
    {
        Host = new ManualClock(now);
        Clock = new CmosRtc(Host, Line);
    }

    public ManualClock Host { get; }

    public ClockLine Line { get; } = new();

    public CmosRtc Clock { get; }

    public byte this[int register]
    {
        get
        {
            Clock.Write(0, 1, (ulong)register);
            Assert.Equal(AccessStatus.Done, Clock.Read(1, 1, out ulong value));
            return (byte)value;
        }

        set
        {
            Clock.Write(0, 1, (ulong)register);
            Assert.Equal(AccessStatus.Done, Clock.Write(1, 1, value));
        }
    }

    public byte[] Time => [this[0x32], this[9], this[8], this[7], this[4], this[2], this[0]];

    public void Pass(double seconds) => Host.Advance(TimeSpan.FromSeconds(seconds));

    /// <summary>Sets the time in the way that Linux does: clock stopped by SET and by the divider.</summary>
    public void SetTime(params ReadOnlySpan<byte> time)
    {
        byte control = this[0x0B];
        byte rate = this[0x0A];
        this[0x0B] = (byte)(control | 0x80);
        this[0x0A] = (byte)(rate | 0x70);
        ReadOnlySpan<byte> registers = [0x32, 9, 8, 7, 4, 2, 0];
        for (int i = 0; i < time.Length; i++)
        {
            this[registers[i]] = time[i];
        }

        this[0x0B] = control;
        this[0x0A] = rate;
    }

    public void Dispose() => Clock.Dispose();
}
