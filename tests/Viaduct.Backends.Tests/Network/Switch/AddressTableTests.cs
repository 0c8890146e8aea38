using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Switch;

namespace Viaduct.Backends.Tests.Network.Switch;

public sealed class AddressTableTests
{
    private readonly ManualTime _time = new();
    private readonly AddressTable _table;

    public AddressTableTests() => _table = new AddressTable(_time);

    [Fact]
    public void Station_IsBehindThePortItWasHeardFromLast_InItsVlan()
    {
        _table.Learn(1, new MacAddress(2), 5);
        _table.Learn(1, new MacAddress(2), 6);
        Assert.Equal(6, _table.Find(1, new MacAddress(2)));
        Assert.Equal(-1, _table.Find(2, new MacAddress(2)));
        _table.Forget(6);
        Assert.Equal(-1, _table.Find(1, new MacAddress(2)));
    }

    [Fact]
    public void Group_IsNeverLearned()
    {
        _table.Learn(1, MacAddress.Broadcast, 5);
        _table.Learn(1, default, 5);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Station_SilentForFiveMinutes_IsForgotten()
    {
        _table.Learn(1, new MacAddress(2), 5);
        _time.Advance(TimeSpan.FromSeconds(299));
        Assert.Equal(5, _table.Find(1, new MacAddress(2)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(-1, _table.Find(1, new MacAddress(2)));
    }

    [Fact]
    public void Port_ThatMakesUpStations_HasItsOwnLimit()
    {
        _table.Learn(1, new MacAddress(2), 5);
        for (ulong i = 0; i < 10_000; i++)
        {
            _table.Learn(1, new MacAddress(0x1000_0000 + (i << 1)), 6);
        }

        Assert.Equal(1 + AddressTable.MaximumPerPort, _table.Count);
        Assert.Equal(5, _table.Find(1, new MacAddress(2)));
        _time.Advance(TimeSpan.FromSeconds(400));
        _table.Learn(1, new MacAddress(4), 6);
        Assert.Equal(6, _table.Find(1, new MacAddress(4)));
        Assert.Equal(1 + AddressTable.MaximumPerPort, _table.Count);
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _now;

        public override long GetTimestamp() => _now;

        internal void Advance(TimeSpan time) => _now += (long)(time.TotalSeconds * TimestampFrequency);
    }
}
