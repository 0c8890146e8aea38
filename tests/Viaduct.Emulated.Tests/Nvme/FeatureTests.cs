using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class FeatureTests
{
    [Theory]
    [InlineData(0x01, 0x0305_0203u, 7u)]
    [InlineData(0x02, 0u, 0u)]
    [InlineData(0x04, 400u, 343u)]
    [InlineData(0x05, 0x0000_1234u, 0u)]
    [InlineData(0x06, 0u, 1u)]
    [InlineData(0x08, 0x0000_0A03u, 0u)]
    [InlineData(0x0A, 1u, 0u)]
    [InlineData(0x0B, 0x0000_011Fu, 0u)]
    public void Feature_OfADword_IsSetAndReadBack(byte feature, uint value, uint initially)
    {
        using NvmeHost host = new();
        host.Enable();
        Assert.Equal(initially, Get(host, feature));
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, feature, value)));
        Assert.Equal(value, Get(host, feature));
        Assert.Equal(initially, Get(host, feature, select: 1));
        Assert.Equal(initially, Get(host, feature, select: 2));
        Assert.Equal(4u, Get(host, feature, select: 3));
    }

    [Fact]
    public void NumberOfQueues_IsGrantedOnce()
    {
        using NvmeHost host = new();
        host.Enable();
        Assert.Equal(0x003F_003Fu, Get(host, 7));
        Assert.Equal(0x003F_003Fu, host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x00FF_00FF))));
        Assert.Equal(0x0001_0001u, host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x0001_0000))));
        Assert.Equal(0x0001_0001u, Get(host, 7));
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x0001_FFFF));
        Assert.Equal(NvmeStatus.InvalidQueueIdentifier, host.CreateCompletion(3, host.Allocate(4096), 8).Status);
        host.CreateQueues(2);
        host.Fails(NvmeStatus.CommandSequenceError, host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 7, 0x0001_0001));
    }

    [Theory]
    [InlineData(0x00, 0u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x03, 0u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x0C, 0u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0xC0, 0u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x02, 1u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x04, 0x0001_0000u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x04, 0x0020_0000u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x05, 0x0001_0000u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x09, 16u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x06, 1u, 0x8000_0000u, NvmeStatus.FeatureNotSaveable)]
    public void SetFeatures_ThatIsWrong_IsRefused(byte feature, uint value, uint extra, object expected)
    {
        using NvmeHost host = new();
        host.Enable();
        host.Fails((NvmeStatus)expected, host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, feature, value, extra: extra));
    }

    [Fact]
    public void GetFeatures_ThatIsWrong_IsRefused()
    {
        using NvmeHost host = new();
        host.Enable();
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x03));
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x06, extra: 4 << 8));
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x09, 16));
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x04, 0x0002_0000));
    }

    [Fact]
    public void InterruptVectorConfiguration_IsKeptForEachVector()
    {
        using NvmeHost host = new();
        host.Enable();
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 9, 0x0001_0003)));
        Assert.Equal(0x0001_0003u, host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 9, 3))));
        Assert.Equal(4u, host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 9, 4))));
    }

    [Fact]
    public void Timestamp_GoesOnFromWhereItWasSet()
    {
        using NvmeHost host = new();
        host.Enable();
        ulong buffer = host.Allocate(4096);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2000UL, ReadTimestamp(host, buffer));
        host.Put(buffer, 1_700_000_000_000UL);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x0E, 0, buffer)));
        host.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(1_700_000_005_000UL | (2UL << 48), ReadTimestamp(host, buffer));
    }

    [Fact]
    public void HostIdentifier_AndBehavior_AreKept()
    {
        using NvmeHost host = new();
        host.Enable();
        ulong buffer = host.Allocate(4096);
        byte[] id = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        host.Put(buffer, id);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x81, 1, buffer)));
        host.Put(buffer, new byte[16]);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x81, 1, buffer)));
        Assert.Equal(id, host.Get(buffer, 16));

        host.Put(buffer, 1UL);
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x16, 0, buffer)));
        host.Put(buffer, 2UL);
        host.Fails(NvmeStatus.InvalidField, host.Admin, NvmeHost.Feature(AdminOpcode.SetFeatures, 0x16, 0, buffer));
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x16, 0, buffer)));
        Assert.Equal(1, host.Get(buffer, 1)[0]);
    }

    private static ulong ReadTimestamp(NvmeHost host, ulong buffer)
    {
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, 0x0E, 0, buffer)));
        return BinaryPrimitives.ReadUInt64LittleEndian(host.Get(buffer, 8));
    }

    private static uint Get(NvmeHost host, byte feature, uint select = 0) =>
        host.Success(host.Execute(host.Admin, NvmeHost.Feature(AdminOpcode.GetFeatures, feature, extra: select << 8)));
}
