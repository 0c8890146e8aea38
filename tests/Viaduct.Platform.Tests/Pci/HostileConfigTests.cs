using FsCheck;
using FsCheck.Fluent;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class HostileConfigTests
{
    private static readonly uint[] _values =
    [
        0, 1, 2, 3, 4, 6, 7, 0x40, 0x400, 0x407, 0x8000, 0xC000, 0xFFFF, 0x0001_0100, 0x000F_0100, 0x0002_0200, 0xC000_C000,
        0xC010_0000, 0xFFF0_0000, 0xFFFF_FFFF, 0xE000_0000, 0xFEE0_0000, 0x8000, 0x1000, 0x2000, 0x10, 0xFFFF_0000, 0xF0F0,
    ];

    [Fact]
    public void RandomConfigurationWrites_NeverThrow_AndWhatIsSeenFollowsTheRegisters()
    {
        Arbitrary<int[]> steps = Gen.Choose(0, int.MaxValue).ArrayOf(120).ToArbitrary();
        Prop.ForAll(steps, Holds).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void ConcurrentConfigurationWrites_EndInWhatTheRegistersSay()
    {
        using TestBoard board = new();
        board.BringUp();
        PciFunction[] functions = All(board);
        Parallel.For(0, 8, worker =>
        {
            Random random = new(worker);
            for (int i = 0; i < 500; i++)
            {
                int register = random.Next(0x40 / 4) * 4;
                functions[random.Next(functions.Length)].WriteConfig(register, 4, _values[random.Next(_values.Length)]);
                board.First.Msix.Signal(random.Next(65));
                board.First.Function.IntX.Set(random.Next(2) == 0);
                board.Memory.Read(0xC000_0000, 4, out _);
            }
        });
        board.First.Function.IntX.Set(false);
        AssertConsistent(board);
        Assert.All(board.Lines, line => Assert.False(line.Asserted));
    }

    private static bool Holds(int[] steps)
    {
        using TestBoard board = new();
        board.BringUp();
        PciFunction[] functions = All(board);
        foreach (int step in steps)
        {
            Random random = new(step);
            PciFunction function = functions[random.Next(functions.Length)];
            int size = 1 << random.Next(3);
            int offset = (random.Next(4) == 0 ? random.Next(4096) : random.Next(0xC0)) & -size;
            uint value = random.Next(3) == 0 ? (uint)random.NextInt64() : _values[random.Next(_values.Length)];
            ulong address = TestBoard.Ecam + ((ulong)function.Dma.RequesterId << 12) + (ulong)offset;
            board.Memory.Write(address, size, value);
            board.Memory.Read(address, size, out _);
            function.WriteConfig(offset, size, value);
            function.ReadConfig(offset, size);
            board.First.Msix.Signal(random.Next(65));
            board.First.Msi.Signal(random.Next(4));
            board.First.Function.IntX.Set(random.Next(2) == 0);
            board.Memory.Write(0xC000_0000 + (ulong)random.Next(0x2000), 8, value);
        }

        AssertConsistent(board);
        return true;
    }

    private static PciFunction[] All(TestBoard board) =>
        [board.Root.HostBridge.Function, board.FirstPort.Function, board.SecondPort.Function, board.First.Function, board.Second.Function];

    private static void AssertConsistent(TestBoard board)
    {
        Assert.Same(board.Ram, board.Memory.Current.Find(0)?.Memory);
        Assert.Same(board.Ram, board.Memory.Current.Find(TestBoard.RamLength - 1)?.Memory);
        Assert.Equal("ECAM", board.Memory.Current.Find(TestBoard.Ecam)?.Mapping.Name);
        AssertGrants(board.FirstPort, board.First);
        AssertGrants(board.SecondPort, board.Second);
    }

    private static void AssertGrants(RootPort port, TestDevice device)
    {
        Assert.Equal(port.Function.ReadConfig(0x19, 1) << 8, device.Function.Dma.RequesterId);
        bool open = Command(port.Function, 2) && Command(device.Function, 2);
        Assert.Equal(open, device.Function.Dma.Granted);

        ulong bar = device.Function.ReadConfig(0x10, 4);
        uint window = port.Function.ReadConfig(0x20, 4);
        ulong first = (window & 0xFFF0) << 16;
        ulong last = (window & 0xFFF0_0000) | 0xF_FFFF;
        bool seen = Command(port.Function, 1) && Command(device.Function, 1) && bar != 0 && bar != 0xFFFF_C000 && bar >= first && bar <= last;
        AddressMap map = port.Function.Bus!.Root.Memory.Current;
        FlatRange? range = map.Find(bar);
        if (!seen)
        {
            // Only the other windows of the port could show it.
            Assert.True(range is null || range.Mapping.Handler != device.Registers || Prefetchable(port, bar));
        }
        else
        {
            Assert.NotNull(range);
        }
    }

    private static bool Prefetchable(RootPort port, ulong address)
    {
        uint window = port.Function.ReadConfig(0x24, 4);
        ulong first = ((ulong)port.Function.ReadConfig(0x28, 4) << 32) | ((window & 0xFFF0) << 16);
        ulong last = ((ulong)port.Function.ReadConfig(0x2C, 4) << 32) | (window & 0xFFF0_0000) | 0xF_FFFF;
        return address + 0x3FFF >= first && address <= last;
    }

    private static bool Command(PciFunction function, int bit) =>
        function.IsPowered && (function.ReadConfig(TestBoard.Command, 2) & (1u << bit)) != 0;
}
