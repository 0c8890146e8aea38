using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class MessageInterruptTests : IDisposable
{
    private const ulong Table = 0xC000_4000;
    private const ulong PendingBits = Table + 0x1000;
    private readonly TestBoard _board = new();

    public MessageInterruptTests()
    {
        _board.BringUp();
        _board.First.SetBar(4, Table);
    }

    public void Dispose() => _board.Dispose();

    [Fact]
    public void Msix_EnabledAndUnmasked_SendsTheEntrysMessage()
    {
        FillEntry(2, 0xFEE0_1000, 0x55, masked: false);
        Control(0x8000);
        _board.First.Msix.Signal(2);
        Assert.Equal(((ushort)0x100, 0xFEE0_1000UL, 0x55u), Assert.Single(_board.Msi.Messages));
        Assert.Equal(0UL, _board.Read(PendingBits, 8));
    }

    [Fact]
    public void Msix_Disabled_LosesTheInterrupt()
    {
        FillEntry(2, 0xFEE0_1000, 0x55, masked: false);
        _board.First.Msix.Signal(2);
        Control(0x8000);
        Assert.Empty(_board.Msi.Messages);
    }

    [Fact]
    public void Msix_VectorMasked_IsPendingUntilUnmasked()
    {
        Control(0x8000);
        FillEntry(64, 0xFEE0_2000, 7, masked: true);
        _board.First.Msix.Signal(64);
        _board.First.Msix.Signal(64);
        Assert.Empty(_board.Msi.Messages);
        Assert.Equal(0UL, _board.Read(PendingBits, 8));
        Assert.Equal(1UL, _board.Read(PendingBits + 8, 8));
        _board.Memory.Write(Table + (64 * 16) + 12, 4, 0);
        Assert.Equal(((ushort)0x100, 0xFEE0_2000UL, 7u), Assert.Single(_board.Msi.Messages));
        Assert.Equal(0UL, _board.Read(PendingBits + 8, 8));
    }

    [Fact]
    public void Msix_FunctionMasked_SendsPendingInOneGoWhenLifted()
    {
        FillEntry(0, 0xFEE0_0000, 1, masked: false);
        FillEntry(1, 0xFEE0_0000, 2, masked: false);
        FillEntry(2, 0xFEE0_0000, 3, masked: true);
        Control(0xC000);
        _board.First.Msix.Signal(0);
        _board.First.Msix.Signal(1);
        _board.First.Msix.Signal(2);
        Assert.Equal(7UL, _board.Read(PendingBits, 4));
        Assert.Empty(_board.Msi.Messages);
        Control(0x8000);
        Assert.Equal([1u, 2u], _board.Msi.Messages.ConvertAll(message => message.Data));
        Assert.Equal(4UL, _board.Read(PendingBits, 4));
    }

    [Fact]
    public void MsixTable_TakesFourAndEightBytesAlignedOnly()
    {
        Assert.Equal(AccessStatus.Done, _board.Memory.Write(Table + 8, 8, 0x0000_0000_1234_5678));
        Assert.Equal(0x1234_5678UL, _board.Read(Table + 8));
        Assert.Equal(0UL, _board.Read(Table + 12));
        Assert.Equal(AccessStatus.InvalidSize, _board.Memory.Write(Table + 12, 1, 1));
        Assert.Equal(AccessStatus.Unaligned, _board.Memory.Write(Table + 4, 8, 1));
        Assert.Equal(AccessStatus.InvalidSize, _board.Memory.Read(Table + 12, 2, out _));
        Assert.Equal(0UL, _board.Read(Table + 12));
    }

    [Fact]
    public void Msix_AfterReset_IsMaskedAndForgetsWhatWasPending()
    {
        FillEntry(3, 0xFEE0_0000, 9, masked: true);
        Control(0x8000);
        _board.First.Msix.Signal(3);
        _board.First.Function.SystemReset();
        _board.First.SetBar(4, Table);
        _board.First.Function.WriteConfig(TestBoard.Command, 2, 6);
        Control(0x8000);
        Assert.Equal(1UL, _board.Read(Table + (3 * 16) + 12));
        _board.Memory.Write(Table + (3 * 16) + 12, 4, 0);
        Assert.Empty(_board.Msi.Messages);
    }

    [Fact]
    public void Msi_MultipleVectors_ReplaceTheLowBitsOfData()
    {
        EnableMsi(0x21, 0x40);
        _board.First.Msi.Signal(3);
        _board.First.Msi.Signal(1);
        Assert.Equal([0x43u, 0x41u], _board.Msi.Messages.ConvertAll(message => message.Data));
    }

    [Fact]
    public void Msi_FewerVectorsEnabled_Share()
    {
        EnableMsi(0x11, 0x40);
        Assert.Equal(2, _board.First.Msi.EnabledCount);
        _board.First.Msi.Signal(3);
        Assert.Equal(0x41u, Assert.Single(_board.Msi.Messages).Data);
    }

    [Fact]
    public void Msi_Masked_IsPendingUntilUnmasked()
    {
        EnableMsi(0x21, 0x40);
        int offset = _board.First.Msi.Offset;
        _board.First.Function.WriteConfig(offset + 0x10, 4, 0xFFFF_FFF4);
        Assert.Equal(4u, _board.First.Function.ReadConfig(offset + 0x10, 4));
        _board.First.Msi.Signal(2);
        Assert.Equal(4u, _board.First.Function.ReadConfig(offset + 0x14, 4));
        Assert.Empty(_board.Msi.Messages);
        _board.First.Function.WriteConfig(offset + 0x10, 4, 0);
        Assert.Equal(0x42u, Assert.Single(_board.Msi.Messages).Data);
        Assert.Equal(0u, _board.First.Function.ReadConfig(offset + 0x14, 4));
    }

    private void EnableMsi(uint control, uint data)
    {
        int offset = _board.First.Msi.Offset;
        _board.First.Function.WriteConfig(offset + 4, 4, 0xFEE0_0000);
        _board.First.Function.WriteConfig(offset + 0xC, 2, data);
        _board.First.Function.WriteConfig(offset + 2, 2, control);
    }

    private void Control(uint control) => _board.First.Function.WriteConfig(_board.First.Msix.Offset + 2, 2, control);

    private void FillEntry(ulong vector, ulong address, uint data, bool masked)
    {
        _board.Memory.Write(Table + (vector * 16), 8, address);
        _board.Memory.Write(Table + (vector * 16) + 8, 4, data);
        _board.Memory.Write(Table + (vector * 16) + 12, 4, masked ? 1u : 0u);
    }
}
