using Viaduct.Emulated.Power;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Power;

public sealed class ResetControlTests
{
    private readonly RecordingRequests _requests = new();

    [Theory]
    [InlineData(0x06, 1)]
    [InlineData(0x0E, 1)]
    [InlineData(0x04, 1)]
    [InlineData(0x02, 0)]
    [InlineData(0x0A, 0)]
    [InlineData(0xF1, 0)]
    public void Write_ResetsWhenTheProcessorBitIsSet(byte value, int resets)
    {
        ResetControl control = new(_requests);
        Assert.Equal(AccessStatus.Done, control.Write(0, 1, value));
        Assert.Equal(resets, _requests.Resets);
        control.Read(0, 1, out ulong read);
        Assert.Equal(value & 0x0Eu, read);
    }

    [Fact]
    public void Write_ResetsOnTheRisingEdgeAlone()
    {
        ResetControl control = new(_requests);
        control.Write(0, 1, 0x02);
        control.Write(0, 1, 0x06);
        control.Write(0, 1, 0x06);
        Assert.Equal(1, _requests.Resets);
        control.Reset();
        control.Write(0, 1, 0x06);
        Assert.Equal(2, _requests.Resets);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    public void Write_OfAnotherSize_DoesNothing(ulong offset, int size)
    {
        ResetControl control = new(_requests);
        Assert.NotEqual(AccessStatus.Done, control.Write(offset, size, 0x0606));
        Assert.Equal(0, _requests.Resets);
    }
}
