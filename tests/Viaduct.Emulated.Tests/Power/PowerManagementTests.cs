using Viaduct.Emulated.Power;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Power;

public sealed class PowerManagementTests
{
    private const ulong Enable = 2;
    private const ulong Control = 4;

    private readonly RecordingRequests _requests = new();
    private readonly PowerManagement _registers;

    public PowerManagementTests() => _registers = new PowerManagement(_requests);

    [Fact]
    public void Control_OfEveryValue_PowersOffForSoftOffAlone()
    {
        for (int value = 0; value <= 0xFFFF; value++)
        {
            RecordingRequests requests = new();
            PowerManagement registers = new(requests);
            Assert.Equal(AccessStatus.Done, registers.Write(Control, 2, (ulong)value));
            bool softOff = (value & 0x2000) != 0 && ((value >> 10) & 7) == 5;
            Assert.Equal(softOff ? 1 : 0, requests.PowerOffs);
            Assert.Equal(0, requests.Resets);
            registers.Read(Control, 2, out ulong read);
            Assert.Equal(((ulong)value & 0x1C00) | 1, read);
        }
    }

    [Fact]
    public void Status_IsZeroWhateverIsWritten()
    {
        _registers.Write(0, 2, 0xFFFF);
        _registers.Read(0, 2, out ulong status);
        Assert.Equal(0ul, status);
        Assert.Equal(0, _requests.PowerOffs);
    }

    [Fact]
    public void Enable_KeepsTheEventsThatAreDefined()
    {
        _registers.Write(Enable, 2, 0xFFFF);
        _registers.Read(Enable, 2, out ulong enabled);
        Assert.Equal(0x721ul, enabled);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Control_InAnotherSize_DoesNothing(int size)
    {
        Assert.Equal(AccessStatus.InvalidSize, _registers.Write(Control, size, 0x3400));
        Assert.Equal(0, _requests.PowerOffs);
    }

    [Fact]
    public void Read_OfBothHalves_GivesThemTogether()
    {
        _registers.Write(Enable, 2, 0x100);
        Assert.Equal(AccessStatus.Done, _registers.Read(0, 4, out ulong events));
        Assert.Equal(0x0100_0000ul, events);
    }
}
