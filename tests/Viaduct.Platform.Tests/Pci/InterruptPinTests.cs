using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class InterruptPinTests : IDisposable
{
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Set_DrivesTheLineOfTheSlot_AndShowsInStatus()
    {
        _board.First.Function.IntX.Set(true);
        Assert.Equal([false, true, false, false], Asserted());
        Assert.Equal(8u, _board.First.Function.ReadConfig(6, 2) & 8);
        _board.Second.Function.IntX.Set(true);
        Assert.Equal([false, true, true, false], Asserted());
        _board.First.Function.IntX.Set(false);
        Assert.Equal([false, false, true, false], Asserted());
        Assert.Equal(0u, _board.First.Function.ReadConfig(6, 2) & 8);
    }

    [Fact]
    public void SharedLine_IsTheOrOfItsDrivers()
    {
        using TestDevice other = new(_board.Root, "other", 5);
        _board.Root.AddRootPort(5).Add(other.Function);
        _board.First.Function.IntX.Set(true);
        other.Function.IntX.Set(true);
        _board.First.Function.IntX.Set(false);
        Assert.True(_board.Lines[1].Asserted);
        other.Function.IntX.Set(false);
        Assert.False(_board.Lines[1].Asserted);
        Assert.Equal(2, _board.Lines[1].Changes);
    }

    [Fact]
    public void InterruptDisable_HoldsTheLineBack_NotTheStatus()
    {
        _board.First.Function.WriteConfig(TestBoard.Command, 2, 0x400);
        _board.First.Function.IntX.Set(true);
        Assert.False(_board.Lines[1].Asserted);
        Assert.Equal(8u, _board.First.Function.ReadConfig(6, 2) & 8);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, 0);
        Assert.True(_board.Lines[1].Asserted);
    }

    [Fact]
    public void Messages_Enabled_ReplaceThePin()
    {
        _board.First.Function.IntX.Set(true);
        _board.First.Function.WriteConfig(_board.First.Msix.Offset + 2, 2, 0x8000);
        Assert.False(_board.Lines[1].Asserted);
        _board.First.Function.WriteConfig(_board.First.Msix.Offset + 2, 2, 0);
        Assert.True(_board.Lines[1].Asserted);
    }

    [Fact]
    public void D3Hot_ReleasesTheLine()
    {
        _board.First.Function.IntX.Set(true);
        _board.First.Function.WriteConfig(_board.First.Power.Offset + 4, 2, 3);
        Assert.False(_board.Lines[1].Asserted);
        _board.First.Function.WriteConfig(_board.First.Power.Offset + 4, 2, 0);
        Assert.True(_board.Lines[1].Asserted);
    }

    [Fact]
    public void Reset_ReleasesTheLine()
    {
        _board.First.Function.IntX.Set(true);
        _board.First.Function.SystemReset();
        Assert.False(_board.Lines[1].Asserted);
        Assert.Equal(0u, _board.First.Function.ReadConfig(6, 2) & 8);
    }

    private bool[] Asserted() => Array.ConvertAll(_board.Lines, line => line.Asserted);
}
