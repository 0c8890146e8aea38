using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class ConfigAccessTests : IDisposable
{
    private readonly TestBoard _board = new();

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Ecam_ReadsAndWritesInEverySize()
    {
        const ulong Port = TestBoard.Ecam + (1 << 15);
        Assert.Equal(0x000C_1B36UL, _board.Read(Port));
        Assert.Equal(0x0CUL, _board.Read(Port + 2, 1));
        Assert.Equal(0x0010_0000_000C_1B36UL, _board.Read(Port, 8));
        _board.Memory.Write(Port + 0x18, 8, 0x0000_00F0_0001_0100);
        Assert.Equal(0x0010_1B36UL, _board.Read(TestBoard.Ecam + (1 << 20)));
        _board.Memory.Write(Port + 0x19, 1, 3);
        _board.Memory.Write(Port + 0x1A, 1, 3);
        Assert.Equal(0x1B36UL, _board.Read(TestBoard.Ecam + (3 << 20), 2));
        Assert.Equal(AccessStatus.Unaligned, _board.Memory.Read(Port + 1, 2, out ulong value));
        Assert.Equal(0xFFFFUL, value);
    }

    [Fact]
    public void Ecam_NobodyThere_ReadsAllOnes()
    {
        _board.BringUp();
        Assert.Equal(0xFFUL, _board.Read(TestBoard.Ecam + (31 << 15), 1));
        Assert.Equal(ulong.MaxValue, _board.Read(TestBoard.Ecam + (1 << 20) + (1 << 15), 8));
        Assert.Equal(0xFFFF_FFFFUL, _board.Read(TestBoard.Ecam + (9 << 20)));
        Assert.Equal(AccessStatus.Done, _board.Memory.Write(TestBoard.Ecam + (9 << 20), 4, 0));
    }

    [Fact]
    public void ConfigPorts_ReachTheSameRegisters()
    {
        _board.BringUp();
        _board.Ports.Write(0xCF8, 4, 0x8001_0000);
        Assert.Equal(0x8001_0000UL, _board.ReadPort(0xCF8, 4));
        Assert.Equal(0x0010_1B36UL, _board.ReadPort(0xCFC, 4));
        Assert.Equal(0x0010UL, _board.ReadPort(0xCFE, 2));
        _board.Ports.Write(0xCF8, 4, 0x8001_003C);
        _board.Ports.Write(0xCFC, 1, 0x0B);
        Assert.Equal(0x0Bu, _board.First.Function.ReadConfig(0x3C, 1));
    }

    [Fact]
    public void ConfigPorts_NotEnabledOrNotFourBytes_DoNothing()
    {
        _board.Ports.Write(0xCF8, 4, 0x0000_0000);
        Assert.Equal(0xFFFF_FFFFUL, _board.ReadPort(0xCFC, 4));
        _board.Ports.Write(0xCF8, 4, 0x8000_0000);
        _board.Ports.Write(0xCF8, 1, 0x10);
        _board.Ports.Write(0xCFA, 2, 0x10);
        Assert.Equal(0x8000_0000UL, _board.ReadPort(0xCF8, 4));
        Assert.Equal(0x0008_1B36UL, _board.ReadPort(0xCFC, 4));
    }

    [Fact]
    public void ConfigPorts_TheByteBetween_IsTheResetRegisters()
    {
        NamedRegisters reset = new(0x20);
        using Mapping mapping = _board.Root.MapConfigPorts(reset);
        Assert.Equal(0x20UL, _board.ReadPort(0xCF9));
        _board.Ports.Write(0xCF9, 1, 6);
        Assert.Equal(6UL, reset.LastWritten);
        _board.Ports.Write(0xCF8, 4, 0x8000_0000);
        Assert.Equal(0x0008_1B36UL, _board.ReadPort(0xCFC, 4));
    }
}
