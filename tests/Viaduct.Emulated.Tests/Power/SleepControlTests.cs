using Viaduct.Emulated.Power;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Power;

public sealed class SleepControlTests
{
    private readonly RecordingRequests _requests = new();

    [Fact]
    public void Write_OfEveryValue_PowersOffForSoftOffAlone()
    {
        for (int value = 0; value <= 0xFF; value++)
        {
            RecordingRequests requests = new();
            SleepControl control = new(requests);
            Assert.Equal(AccessStatus.Done, control.Write(0, 1, (ulong)value));
            bool softOff = (value & 0x20) != 0 && ((value >> 2) & 7) == 5;
            Assert.Equal(softOff ? 1 : 0, requests.PowerOffs);
            Assert.Equal(0, requests.Resets);
            control.Read(0, 1, out ulong read);
            Assert.Equal((ulong)value & 0x1C, read);
        }
    }

    [Fact]
    public void Status_IsZeroWhateverIsWritten()
    {
        SleepControl control = new(_requests);
        control.Write(1, 1, 0xFF);
        control.Write(1, 1, 0x34);
        control.Read(1, 1, out ulong status);
        Assert.Equal(0ul, status);
        Assert.Equal(0, _requests.PowerOffs);
    }

    [Fact]
    public void Write_OfAWord_DoesNothing()
    {
        SleepControl control = new(_requests);
        Assert.Equal(AccessStatus.InvalidSize, control.Write(0, 2, 0x34));
        Assert.Equal(0, _requests.PowerOffs);
    }
}
