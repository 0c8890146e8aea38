using FsCheck;
using FsCheck.Fluent;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Tests.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.AddressSpaces;

public sealed class AddressSpaceTests
{
    private const int Addresses = 64;

    [Fact]
    public void Current_AfterAnyChanges_ShowsTheTopmostMappingAtEachAddress()
    {
        Arbitrary<int[]> steps = Gen.Choose(0, int.MaxValue).ArrayOf().ToArbitrary();
        Prop.ForAll(steps, MatchesTheModel).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Map_AtTheVeryEnd_IsSeenThere()
    {
        AddressSpace space = new("memory");
        using Mapping mapping = space.Map("end", ulong.MaxValue - 0xF, 0x10, new NamedRegisters(1));
        Assert.Same(mapping, space.Current.Find(ulong.MaxValue)?.Mapping);
        Assert.Null(space.Current.Find(ulong.MaxValue - 0x10));
        Assert.Throws<ArgumentOutOfRangeException>(() => space.Map("past", ulong.MaxValue - 0xF, 0x11, new NamedRegisters(1)));
    }

    [Fact]
    public void Read_AcrossTheEndOfWhatIsSeen_AnswersAllOnes()
    {
        AddressSpace space = new("memory");
        space.Map("registers", 0x1000, 0x10, new NamedRegisters(1));
        Assert.Equal(AccessStatus.NoResponse, space.Read(0x100C, 8, out ulong value));
        Assert.Equal(ulong.MaxValue, value);
        Assert.Equal(AccessStatus.NoResponse, space.Read(0x0FFF, 2, out value));
        Assert.Equal(0xFFFFUL, value);
    }

    [Fact]
    public void Changed_IsRaisedAfterTheMapIsSwapped()
    {
        AddressSpace space = new("memory");
        List<int> seen = [];
        space.Changed += () => seen.Add(space.Current.Ranges.Length);
        Mapping mapping = space.Map("registers", 0x1000, 0x10, new NamedRegisters(1));
        mapping.Dispose();
        mapping.Dispose();
        Assert.Equal([1, 0], seen);
    }

    [Fact]
    public void Write_ToRegisters_CountsAnExit()
    {
        AddressSpace space = new("memory");
        DeviceCounters counters = new("device", Road.Emulated);
        NamedRegisters registers = new(0);
        space.Map("registers", 0x1000, 0x10, registers, counters: counters);
        Assert.Equal(AccessStatus.Done, space.Write(0x1008, 4, 42));
        Assert.Equal(42UL, registers.LastWritten);
        Assert.Equal(1, counters.Read().Exits);
    }

    private static bool MatchesTheModel(int[] steps)
    {
        AddressSpace space = new("model");
        List<Mapping> model = [];
        foreach (int step in steps)
        {
            Random random = new(step);
            if (model.Count != 0 && random.Next(3) == 0)
            {
                Mapping gone = model[random.Next(model.Count)];
                gone.Dispose();
                model.Remove(gone);
                continue;
            }

            int start = random.Next(Addresses);
            int length = 1 + random.Next(Addresses - start);
            model.Add(space.Map("piece", (ulong)start, (ulong)length, new NamedRegisters((ulong)step), random.Next(-1, 2)));
        }

        for (ulong address = 0; address < Addresses; address++)
        {
            Mapping? expected = model
                .Where(mapping => address >= mapping.Start && address < mapping.Start + mapping.Length)
                .Select((mapping, order) => (mapping, order))
                .OrderBy(entry => entry.mapping.Priority).ThenBy(entry => entry.order)
                .LastOrDefault().mapping;
            if (!ReferenceEquals(expected, space.Current.Find(address)?.Mapping))
            {
                return false;
            }
        }

        return IsSortedAndMaximal(space.Current.Ranges);
    }

    private static bool IsSortedAndMaximal(ReadOnlySpan<FlatRange> ranges)
    {
        for (int i = 1; i < ranges.Length; i++)
        {
            ulong end = ranges[i - 1].Start + ranges[i - 1].Length;
            if (ranges[i].Start < end || (ranges[i].Start == end && ranges[i].Mapping == ranges[i - 1].Mapping))
            {
                return false;
            }
        }

        return true;
    }
}
