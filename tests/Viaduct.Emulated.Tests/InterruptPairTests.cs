using Viaduct.Emulated.TestBoard;
using Xunit;

namespace Viaduct.Emulated.Tests;

/// <summary>The pair of 8259As: which vector comes, when, and how it ends.</summary>
public sealed class InterruptPairTests
{
    private readonly InterruptPair _pair = new();

    [Fact]
    public void Edge_AtTheSecond_IsItsVector_AndStaysAfterTheLineFell()
    {
        int calls = 0;
        _pair.Attach(() => calls++);
        _pair.Line(11).Set(true);
        _pair.Line(11).Set(false);
        Assert.True(_pair.IsPending);
        Assert.NotEqual(0, calls);
        Assert.Equal(0x73, _pair.Acknowledge());
        Assert.False(_pair.IsPending);
    }

    [Fact]
    public void Masked_Input_WaitsForItsMask()
    {
        _pair.Line(3).Set(true);
        Assert.False(_pair.IsPending);
        _pair.Master.Write(1, 1, 0);
        Assert.Equal(0x0B, _pair.Acknowledge());
    }

    [Fact]
    public void Lower_Priority_WaitsForTheEnd()
    {
        Initialize();
        _pair.Line(1).Set(true);
        Assert.Equal(0x21, _pair.Acknowledge());
        _pair.Line(4).Set(true);
        Assert.False(_pair.IsPending);
        _pair.Line(0).Set(true);
        Assert.Equal(0x20, _pair.Acknowledge());
        _pair.Master.Write(0, 1, 0x20);
        Assert.False(_pair.IsPending);
        _pair.Master.Write(0, 1, 0x61);
        Assert.Equal(0x24, _pair.Acknowledge());
    }

    [Fact]
    public void NothingWaits_IsTheSpuriousVector()
    {
        Initialize();
        Assert.Equal(0x27, _pair.Acknowledge());
        _pair.Master.Write(0, 1, 0x0B);
        _pair.Master.Read(0, 1, out ulong inService);
        Assert.Equal(0ul, inService);
    }

    private void Initialize()
    {
        _pair.Master.Write(0, 1, 0x11);
        _pair.Master.Write(1, 1, 0x20);
        _pair.Master.Write(1, 1, 0x04);
        _pair.Master.Write(1, 1, 0x01);
        _pair.Master.Read(1, 1, out ulong mask);
        Assert.Equal(0ul, mask);
    }
}
