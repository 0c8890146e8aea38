using FsCheck;
using FsCheck.Fluent;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Rtc;

public sealed class CmosRtcTests
{
    private static readonly DateTime _evening = new(2026, 11, 23, 21, 58, 37, 500, DateTimeKind.Utc);

    [Fact]
    public void Time_IsTheHosts()
    {
        using ClockGuest guest = new(_evening);
        Assert.Equal([0x20, 0x26, 0x11, 0x23, 0x21, 0x58, 0x37], guest.Time);
        Assert.Equal(2, guest[6]);
        Assert.Equal(0x02, guest[0x0B]);
        Assert.Equal(0x80, guest[0x0D]);
        guest.Pass(90);
        Assert.Equal([0x20, 0x26, 0x11, 0x23, 0x22, 0x00, 0x07], guest.Time);
    }

    [Fact]
    public void Time_InBinary_IsTheSame()
    {
        using ClockGuest guest = new(_evening);
        guest[0x0B] = 0x06;
        Assert.Equal([20, 26, 11, 23, 21, 58, 37], guest.Time);
    }

    [Theory]
    [InlineData(0, 0x12)]
    [InlineData(1, 0x01)]
    [InlineData(11, 0x11)]
    [InlineData(12, 0x92)]
    [InlineData(13, 0x81)]
    [InlineData(23, 0x91)]
    public void Hours_ToTwelve_ReadAndWriteTheSame(int hour, byte expected)
    {
        using ClockGuest guest = new(_evening.Date.AddHours(hour));
        guest[0x0B] = 0x00;
        Assert.Equal(expected, guest[4]);
        guest[4] = expected;
        guest[0x0B] = 0x06;
        Assert.Equal(hour, guest[4]);
    }

    [Fact]
    public void UpdateInProgress_IsSetJustBeforeTheUpdateAndNeverStays()
    {
        using ClockGuest guest = new(_evening.AddMilliseconds(-500));
        Assert.Equal(0x26, guest[0x0A]);
        guest.Pass(0.997);
        Assert.Equal(0x26, guest[0x0A]);
        guest.Pass(0.001);
        Assert.Equal(0xA6, guest[0x0A]);
        guest.Pass(0.002);
        Assert.Equal(0x26, guest[0x0A]);
    }

    [Fact]
    public void Time_WhileNoUpdateIsInProgress_StaysForTheTimeTheDataSheetGives() => Prop.ForAll<uint>(moment =>
    {
        using ClockGuest guest = new(_evening.AddTicks(moment));
        if ((guest[0x0A] & 0x80) == 0)
        {
            byte[] before = guest.Time;
            guest.Host.Advance(TimeSpan.FromMicroseconds(244));
            Assert.Equal(before, guest.Time);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void SetTime_AsLinuxDoes_StartsHalfASecondBeforeTheUpdate()
    {
        using ClockGuest guest = new(_evening);
        guest.SetTime(0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
        Assert.Equal([0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59], guest.Time);
        guest.Pass(0.49);
        Assert.Equal([0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59], guest.Time);
        guest.Pass(0.02);
        Assert.Equal([0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00], guest.Time);
    }

    [Fact]
    public void Set_StopsTheClockAndItsEvents()
    {
        using ClockGuest guest = new(_evening);
        guest[0x0B] = 0x92;
        Assert.Equal(0x82, guest[0x0B]);
        guest.Pass(100);
        Assert.Equal([0x20, 0x26, 0x11, 0x23, 0x21, 0x58, 0x37], guest.Time);
        Assert.Equal(0x26, guest[0x0A]);
        Assert.Equal(0, guest[0x0C]);
        guest[0x0B] = 0x02;
        guest.Pass(2);
        Assert.Equal([0x20, 0x26, 0x11, 0x23, 0x21, 0x58, 0x39], guest.Time);
    }

    [Fact]
    public void Alarm_GoesOffAtItsSecondAndEveryDay()
    {
        using ClockGuest guest = new(_evening);
        (guest[5], guest[3], guest[1]) = (0x22, 0x00, 0x00);
        guest[0x0B] = 0x22;
        guest.Pass(82.4);
        Assert.False(guest.Line.Asserted);
        guest.Pass(0.2);
        Assert.True(guest.Line.Asserted);
        Assert.Equal(0xB0, guest[0x0C] & 0xB0);
        Assert.False(guest.Line.Asserted);
        Assert.Equal(0, guest[0x0C]);
        guest.Pass(86400);
        Assert.Equal(2, guest.Line.Edges);
    }

    [Theory]
    [InlineData(0xFF, 0xFF, 0xFF, 3600)]
    [InlineData(0xFF, 0xFF, 0x30, 60)]
    [InlineData(0xFF, 0x15, 0x30, 1)]
    [InlineData(0xC0, 0x15, 0xC0, 60)]
    [InlineData(0x24, 0x00, 0x00, 0)]
    [InlineData(0x00, 0x60, 0x00, 0)]
    [InlineData(0x00, 0x00, 0x0A, 0)]
    public void Alarm_WithOpenParts_GoesOffAsOftenAsItMatches(byte hour, byte minute, byte second, int times)
    {
        using ClockGuest guest = new(_evening);
        (guest[5], guest[3], guest[1]) = (hour, minute, second);
        guest[0x0B] = 0x22;
        int seen = 0;
        for (int i = 0; i < 3600; i++)
        {
            guest.Pass(1);
            seen += (guest[0x0C] & 0x20) != 0 ? 1 : 0;
        }

        Assert.Equal(times, seen);
        Assert.Equal(times, guest.Line.Edges);
    }

    [Fact]
    public void UpdateInterrupt_ComesEachSecondThatTheGuestAcknowledges()
    {
        using ClockGuest guest = new(_evening);
        guest[0x0B] = 0x12;
        for (int i = 1; i <= 5; i++)
        {
            guest.Pass(1);
            Assert.Equal(i, guest.Line.Edges);
            Assert.Equal(0x90, guest[0x0C] & 0x90);
        }

        guest.Pass(60);
        Assert.Equal(6, guest.Line.Edges);
        Assert.Equal(0, guest.Host.Running);
    }

    [Theory]
    [InlineData(15, 2)]
    [InlineData(14, 4)]
    [InlineData(10, 64)]
    [InlineData(7, 512)]
    public void PeriodicInterrupt_ComesAtItsRate(byte rate, int hertz)
    {
        using ClockGuest guest = new(_evening.AddMilliseconds(-500));
        guest[0x0A] = (byte)(0x20 | rate);
        guest[0x0B] = 0x42;
        int seen = 0;
        for (int i = 0; i < 10_000; i++)
        {
            guest.Host.Advance(TimeSpan.FromMilliseconds(1));
            seen += guest.Line.Asserted && (guest[0x0C] & 0xC0) == 0xC0 ? 1 : 0;
        }

        Assert.InRange(seen, (10 * hertz) - 1, 10 * hertz);
    }

    [Fact]
    public void PeriodicFlag_WithoutItsInterrupt_CanBePolled()
    {
        using ClockGuest guest = new(_evening);
        _ = guest[0x0C];
        guest.Pass(0.0001);
        Assert.Equal(0, guest[0x0C]);
        guest.Pass(0.001);
        Assert.Equal(0x40, guest[0x0C]);
        guest[0x0A] = 0x20;
        guest.Pass(0.3);
        Assert.Equal(0, guest[0x0C]);
        Assert.Equal(0, guest.Line.Edges);
        Assert.Equal(0, guest.Host.Running);
    }

    [Fact]
    public void Flags_ThatWereSetBefore_RequestWhenTheyAreEnabled()
    {
        using ClockGuest guest = new(_evening);
        guest.Pass(1);
        guest[0x0B] = 0x12;
        Assert.True(guest.Line.Asserted);
    }

    [Fact]
    public void HostClock_SetBack_TakesTheGuestsAlongWithoutEvents()
    {
        using ClockGuest guest = new(_evening);
        _ = guest[0x0C];
        guest[0x0B] = 0x12;
        guest.Host.Step(TimeSpan.FromHours(-1));
        Assert.Equal([0x20, 0x26, 0x11, 0x23, 0x20, 0x58, 0x37], guest.Time);
        Assert.False(guest.Line.Asserted);
        guest.Pass(61);
        Assert.True(guest.Line.Asserted);
    }

    [Fact]
    public void HostClock_SetForwardPastAnAlarm_RaisesItWithinAMinute()
    {
        using ClockGuest guest = new(_evening);
        (guest[5], guest[3], guest[1]) = (0x23, 0x00, 0x00);
        guest[0x0B] = 0x22;
        guest.Host.Step(TimeSpan.FromHours(2));
        Assert.False(guest.Line.Asserted);
        guest.Pass(60);
        Assert.True(guest.Line.Asserted);
    }

    [Fact]
    public void Reset_TakesInterruptsAwayAndKeepsTimeAndRam()
    {
        using ClockGuest guest = new(_evening);
        guest.SetTime(0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x00);
        guest[0x40] = 0x5A;
        guest[0x0B] = 0x7A;
        guest.Pass(2);
        Assert.True(guest.Line.Asserted);
        guest.Clock.Reset();
        Assert.False(guest.Line.Asserted);
        Assert.Equal(0x02, guest[0x0B]);
        Assert.Equal(0, guest[0x0C]);
        Assert.Equal(0x5A, guest[0x40]);
        Assert.Equal([0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x02], guest.Time);
        Assert.Equal(0, guest.Host.Running);
    }

    [Fact]
    public void Ram_HoldsWhatIsWritten_AndTheNmiBitSelectsNothing()
    {
        using ClockGuest guest = new(_evening);
        for (int register = 0x0E; register < 0x80; register++)
        {
            if (register != 0x32)
            {
                guest[register | 0x80] = (byte)(register * 3);
            }
        }

        for (int register = 0x0E; register < 0x80; register++)
        {
            if (register != 0x32)
            {
                Assert.Equal((byte)(register * 3), guest[register]);
            }
        }
    }

    [Fact]
    public void StatusRegisters_CAndD_AreReadOnly()
    {
        using ClockGuest guest = new(_evening);
        guest[0x0C] = 0xFF;
        guest[0x0D] = 0x00;
        guest[0x0A] = 0xA6;
        Assert.Equal(0, guest[0x0C]);
        Assert.Equal(0x80, guest[0x0D]);
        Assert.Equal(0x26, guest[0x0A]);
        Assert.False(guest.Line.Asserted);
    }

    [Fact]
    public void WideAccesses_AreRefused()
    {
        using ClockGuest guest = new(_evening);
        Assert.Equal(AccessStatus.InvalidSize, guest.Clock.Write(0, 2, 0x1234));
        Assert.Equal(AccessStatus.InvalidSize, guest.Clock.Read(1, 4, out _));
    }

    [Fact]
    public void Dispose_LetsNoInterruptThrough()
    {
        using ClockGuest guest = new(_evening);
        guest[0x0B] = 0x12;
        guest.Clock.Dispose();
        guest.Pass(10);
        Assert.Equal(0, guest.Line.Edges);
    }

    [Fact]
    public void AnyAccesses_KeepTheClockSound() => Prop.ForAll<int>(seed =>
    {
        Random random = new(seed);
        using ClockGuest guest = new(_evening);
        for (int i = 0; i < 400; i++)
        {
            int register = random.Next(5) == 0 ? 0x32 : random.Next(0x10);
            switch (random.Next(4))
            {
                case 0:
                    guest.Pass(random.NextDouble() * (random.Next(20) == 0 ? 100_000 : 2));
                    break;
                case 1:
                    _ = guest[register];
                    break;
                default:
                    guest[register] = (byte)random.Next(256);
                    break;
            }

            bool enabled = (guest[0x0B] & 0x70) != 0;
            bool asserted = guest.Line.Asserted;
            byte causes = guest[0x0C];
            Assert.Equal(asserted, (causes & guest[0x0B] & 0x70) != 0);
            Assert.Equal(asserted, (causes & 0x80) != 0);
            Assert.True(enabled || guest.Host.Running == 0);
        }

        // However it was left, it can be set again.
        guest[0x0A] = 0x26;
        guest[0x0B] = 0x02;
        guest.SetTime(0x20, 0x26, 0x02, 0x28, 0x23, 0x59, 0x59);
        guest.Pass(0.6);
        Assert.Equal([0x20, 0x26, 0x03, 0x01, 0x00, 0x00, 0x00], guest.Time);
    }).QuickCheckThrowOnFailure();
}
