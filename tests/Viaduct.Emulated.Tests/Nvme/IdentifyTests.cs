using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Nvme.Admin;
using Viaduct.Emulated.Nvme.Data;
using Viaduct.Emulated.Nvme.Logs;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class IdentifyTests
{
    [Fact]
    public void WireStructures_HaveTheSpecifiedSizes()
    {
        Assert.Equal(64, Unsafe.SizeOf<SubmissionEntry>());
        Assert.Equal(16, Unsafe.SizeOf<SglDescriptor>());
        Assert.Equal(64, Unsafe.SizeOf<ErrorEntry>());
        Assert.Equal(512, Unsafe.SizeOf<SmartPage>());
        Assert.Equal(4096, Unsafe.SizeOf<ControllerData>());
        Assert.Equal(4096, Unsafe.SizeOf<NamespaceData>());
    }

    [Fact]
    public void Controller_SaysWhoItIs()
    {
        using NvmeHost host = new();
        host.Enable();
        byte[] data = host.Identify(1);
        Assert.Equal(NvmeIdentity.VendorId, BinaryPrimitives.ReadUInt16LittleEndian(data));
        Assert.Matches("^VD[0-9A-F]{16}  $", Encoding.ASCII.GetString(data, 4, 20));
        Assert.Equal("Viaduct NVMe", Encoding.ASCII.GetString(data, 24, 40).TrimEnd());
        Assert.Equal("1.0     ", Encoding.ASCII.GetString(data, 64, 8));
        Assert.Equal(8, data[77]);
        Assert.Equal(0x10400u, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(80)));
        Assert.Equal(0x66, data[512]);
        Assert.Equal(0x44, data[513]);
        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(516)));
        string name = Encoding.ASCII.GetString(data, 768, 256).TrimEnd('\0');
        Assert.Matches("^nqn\\.2014-08\\.org\\.nvmexpress:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", name);
    }

    [Fact]
    public void Names_FollowFromTheId()
    {
        using NvmeHost first = new();
        using NvmeHost second = new();
        first.Enable();
        second.Enable();
        Assert.Equal(first.Identify(1), second.Identify(1));
        Assert.Equal(first.Identify(3, 1), second.Identify(3, 1));
        Assert.NotEqual(new NvmeIdentity("a").Serial, new NvmeIdentity("b").Serial);
        Assert.NotEqual(new NvmeIdentity("a").SubsystemName, new NvmeIdentity("b").SubsystemName);
    }

    [Fact]
    public void Namespace_SaysItsSizeAndFormats()
    {
        using NvmeHost host = new();
        host.Enable();
        byte[] data = host.Identify(0, 1);
        Assert.Equal(16384UL, BinaryPrimitives.ReadUInt64LittleEndian(data));
        Assert.Equal(16384UL, BinaryPrimitives.ReadUInt64LittleEndian(data.AsSpan(8)));
        Assert.Equal(1, data[25]);
        Assert.Equal(0, data[26]);
        Assert.Equal(0x09, data[33]);
        Assert.Equal(7, BinaryPrimitives.ReadUInt16LittleEndian(data.AsSpan(64)));
        Assert.Equal(9u << 16, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(128)));
        Assert.Equal(12u << 16, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(132)));

        byte[] names = host.Identify(3, 1);
        Assert.Equal(new byte[] { 1, 8 }, names[..2]);
        Assert.Equal(data[120..128], names[4..12]);
        Assert.Equal("Via"u8.ToArray(), names[4..7]);
        Assert.Equal(new byte[] { 2, 16 }, names[12..14]);
        Assert.Equal(data[104..120], names[16..32]);
        Assert.Equal(new byte[] { 3, 16 }, names[32..34]);
        Assert.Equal(0, names[52]);
    }

    [Fact]
    public void Disk_OfLargeBlocks_HasOneFormat()
    {
        using NvmeHost host = new(512, new MemoryDisk(1 << 20, logicalBlockSize: 4096));
        host.Enable();
        byte[] data = host.Identify(0, 1);
        Assert.Equal(256UL, BinaryPrimitives.ReadUInt64LittleEndian(data));
        Assert.Equal(0, data[25]);
        Assert.Equal(12u << 16, BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan(128)));
    }

    [Fact]
    public void Lists_NameNamespacesAndControllers()
    {
        using NvmeHost host = new(new MemoryDisk(1 << 20), new MemoryDisk(1 << 20), new MemoryDisk(1 << 20));
        host.Enable();
        foreach (uint list in new uint[] { 0x02, 0x10 })
        {
            Assert.Equal([1, 2, 3, 0], Dwords(host.Identify(list), 4));
            Assert.Equal([3, 0, 0, 0], Dwords(host.Identify(list, 2), 4));
            Assert.Equal([0, 0], Dwords(host.Identify(list, 3), 2));
        }

        Assert.Equal([0x0000_0001u, 0], Dwords(host.Identify(0x13), 2));
        Assert.Equal([0x0000_0001u, 0], Dwords(host.Identify(0x12, 2), 2));
        Assert.NotEqual(host.Identify(3, 1), host.Identify(3, 2));
    }

    [Theory]
    [InlineData(0x00u, 0u, NvmeStatus.InvalidNamespace)]
    [InlineData(0x00u, 2u, NvmeStatus.InvalidNamespace)]
    [InlineData(0x00u, 0xFFFF_FFFFu, NvmeStatus.InvalidNamespace)]
    [InlineData(0x03u, 2u, NvmeStatus.InvalidNamespace)]
    [InlineData(0x11u, 9u, NvmeStatus.InvalidNamespace)]
    [InlineData(0x12u, 9u, NvmeStatus.InvalidNamespace)]
    [InlineData(0x02u, 0xFFFF_FFFFu, NvmeStatus.InvalidNamespace)]
    [InlineData(0x02u, 0xFFFF_FFFEu, NvmeStatus.InvalidNamespace)]
    [InlineData(0x05u, 1u, NvmeStatus.InvalidField)]
    [InlineData(0x06u, 0u, NvmeStatus.InvalidField)]
    [InlineData(0x08u, 1u, NvmeStatus.InvalidField)]
    [InlineData(0x1Cu, 0u, NvmeStatus.InvalidField)]
    [InlineData(0xFFu, 0u, NvmeStatus.InvalidField)]
    public void Structures_ThatAreNotThere_AreRefused(uint structure, uint nsid, object expected)
    {
        using NvmeHost host = new();
        host.Enable();
        Command command = new(AdminOpcode.Identify, nsid) { Data1 = host.Allocate(4096) };
        command[10] = structure;
        host.Fails((NvmeStatus)expected, host.Admin, command);
    }

    [Fact]
    public void Identify_IntoTwoPieces_UsesBothEntries()
    {
        using NvmeHost host = new();
        host.Enable();
        byte[] expected = host.Identify(1);
        ulong first = host.Allocate(4096) + 4000;
        ulong second = host.Allocate(4096);
        Command command = new(AdminOpcode.Identify) { Data1 = first, Data2 = second };
        command[10] = 1;
        host.Success(host.Execute(host.Admin, command));
        byte[] both = [.. host.Get(first, 96), .. host.Get(second, 4000)];
        Assert.Equal(expected, both);
    }

    private static uint[] Dwords(byte[] bytes, int count) =>
        [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(i * 4)))];
}
