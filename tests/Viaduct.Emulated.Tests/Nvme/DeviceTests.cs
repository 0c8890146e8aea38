using Viaduct.Backends.Block;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Viaduct.Platform.Dma;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

/// <summary>The PCI function with its own threads.</summary>
public sealed class DeviceTests
{
    [Fact]
    public void Function_ShowsTheClassThatDriversBindBy()
    {
        using NvmeHost host = NvmeHost.Threaded();
        PciFunction function = host.Device!.Function;
        Assert.Equal(0x0001_5669u, function.ReadConfig(0, 4));
        Assert.Equal(0x0108_0200u, function.ReadConfig(8, 4));
        Assert.Equal(4u, function.ReadConfig(0x10, 4));
        Assert.Equal(1u, function.ReadConfig(0x3D, 1));
    }

    [Fact]
    public void Commands_OfSeveralNamespaces_AreServedByTheThreads()
    {
        using NvmeHost host = NvmeHost.Threaded(new MemoryDisk(1 << 20), new MemoryDisk(1 << 20), new MemoryDisk(1 << 20));
        host.Enable();
        HostRing io = host.CreateQueues(1);
        byte[] bytes = new byte[4096];
        for (int round = 0; round < 30; round++)
        {
            uint nsid = (uint)(round % 3) + 1;
            new Random(round).NextBytes(bytes);
            ulong source = host.Allocate(4096);
            ulong target = host.Allocate(4096);
            host.Put(source, bytes);
            host.Success(host.Execute(io, new Command(IoOpcode.Write, nsid) { Data1 = source }.WithBlocks((ulong)round, 8)));
            host.Success(host.Execute(io, new Command(IoOpcode.Read, nsid) { Data1 = target }.WithBlocks((ulong)round, 8)));
            Assert.Equal(bytes, host.Get(target, 4096));
        }

        host.Success(host.Execute(io, new Command(IoOpcode.Flush, 0xFFFF_FFFF)));
        Assert.All(host.Disks, disk => Assert.Equal(BlockOperation.Flush, disk.Carried[^1].Operation));
    }

    [Theory]
    [InlineData(BlockEngine.Auto)]
    [InlineData(BlockEngine.Threads)]
    public void Files_HoldWhatTheHostWrote(BlockEngine engine)
    {
        string[] paths = [Path.GetTempFileName(), Path.GetTempFileName()];
        try
        {
            byte[][] expected = [new byte[1 << 20], new byte[1 << 20]];
            RawBlockBackend[] disks = [.. paths.Select(path =>
            {
                using (FileStream file = File.OpenWrite(path))
                {
                    file.SetLength(4 << 20);
                }

                return RawBlockBackend.Open(new RawBlockOptions { Path = path, Engine = engine });
            })];
            using (NvmeHost host = NvmeHost.Threaded(disks))
            {
                host.Enable();
                HostRing io = host.CreateQueues(1);
                for (uint nsid = 1; nsid <= 2; nsid++)
                {
                    byte[] bytes = expected[nsid - 1];
                    new Random((int)nsid).NextBytes(bytes);
                    (ulong prp1, ulong prp2) = PrpTests.Scatter(host, bytes, 512, 0);
                    host.Success(host.Execute(io, new Command(IoOpcode.Write, nsid) { Data1 = prp1, Data2 = prp2 }.WithBlocks(16, 2048)));
                    host.Success(host.Execute(io, new Command(IoOpcode.Compare, nsid) { Data1 = prp1, Data2 = prp2 }.WithBlocks(16, 2048)));
                    host.Success(host.Execute(io, new Command(IoOpcode.WriteZeroes, nsid).WithBlocks(16, 8, 1u << 25)));
                    bytes.AsSpan(0, 4096).Clear();
                }

                host.Success(host.Execute(io, new Command(IoOpcode.Flush, 0xFFFF_FFFF)));
            }

            for (int i = 0; i < 2; i++)
            {
                disks[i].Dispose();
                Assert.Equal(expected[i], File.ReadAllBytes(paths[i])[8192..(8192 + (1 << 20))]);
            }
        }
        finally
        {
            Array.ForEach(paths, File.Delete);
        }
    }

    [Fact]
    public void MsiX_ArrivesForEachQueuesVector()
    {
        using NvmeHost host = NvmeHost.Threaded();
        EnableMessages(host, vectors: 3);
        host.Enable();
        HostRing io = host.CreateQueues(1, vector: 2);
        int before = host.Messages.Count(0x102);
        host.Success(host.Execute(io, new Command(IoOpcode.Flush)));
        host.Settle(() => host.Messages.Count(0x102) == before + 1);
        Assert.NotEqual(0, host.Messages.Count(0x100));
    }

    [Fact]
    public void Pause_ReturnsWhenNothingIsUnderWay_AndNothingBeginsBeforeResume()
    {
        using NvmeHost host = NvmeHost.Threaded();
        IDmaPause pause = host.Device!.Function.DmaPause!;
        host.Enable();
        HostRing io = host.CreateQueues(1);
        for (int round = 0; round < 50; round++)
        {
            ulong target = host.Allocate(4096);
            host.Submit(io, new Command(IoOpcode.Read) { Data1 = target }.WithBlocks(0, 8));
            host.Submit(io, new Command(IoOpcode.Read) { Data1 = target }.WithBlocks(0, 8));
            pause.Pause();
            host.Put(target, new byte[4096]);
            host.Submit(io, new Command(IoOpcode.Read) { Data1 = target }.WithBlocks(0, 8));
            new Random(round).NextBytes(host.Disk.Bytes);
            Assert.Equal(new byte[4096], host.Get(target, 4096));
            pause.Resume();
            for (int i = 0; i < 3; i++)
            {
                host.Settle(() => host.IsThere(io));
                host.Success(host.Take(io));
            }
        }
    }

    [Fact]
    public void FunctionReset_UnderLoad_ReturnsWhenNothingIsUnderWay()
    {
        using NvmeHost host = NvmeHost.Threaded();
        PciFunction function = host.Device!.Function;
        for (int round = 0; round < 20; round++)
        {
            function.WriteConfig(4, 2, 6);
            host.Enable();
            HostRing io = host.CreateQueues(1);
            ulong buffer = host.Allocate(1 << 16);
            for (int i = 0; i < 40; i++)
            {
                host.Enqueue(io, new Command(IoOpcode.Read).WithBlocks(0, 128).WithSgl(buffer, 1 << 16, 0));
            }

            host.RingTail(1, (uint)io.Tail);
            ResetFunction(function);

            // A reset takes bus mastering away first: commands that meet that are rightly reported.
            host.Log.Lines.Clear();
            Assert.Equal(0u, host.Status);
            host.Put(buffer, 0x1234_5678UL);
            Assert.Equal(0x1234_5678u, host.GetDword(buffer));
        }
    }

    [Fact]
    public void ControllerReset_UnderLoad_AlwaysComesBack()
    {
        using NvmeHost host = NvmeHost.Threaded(new MemoryDisk(1 << 20), new MemoryDisk(1 << 20));
        for (int round = 0; round < 50; round++)
        {
            host.Enable();
            HostRing io = host.CreateQueues(1);
            ulong buffer = host.Allocate(4096);
            for (int i = 0; i < 60; i++)
            {
                host.Enqueue(io, new Command(IoOpcode.Read, (uint)(i % 2) + 1) { Data1 = buffer }.WithBlocks(0, 8));
                if (i % 7 == 0)
                {
                    host.RingTail(1, (uint)io.Tail);
                }
            }

            host.Disable();
        }
    }

    private static void ResetFunction(PciFunction function)
    {
        // Initiate Function Level Reset, bit 15 of Device Control.
        for (uint at = function.ReadConfig(0x34, 1); at != 0; at = function.ReadConfig((int)at + 1, 1))
        {
            if (function.ReadConfig((int)at, 1) == 0x10)
            {
                function.WriteConfig((int)at + 8, 2, 0x8000);
                return;
            }
        }

        Assert.Fail("The function has no PCI Express capability");
    }

    private static void EnableMessages(NvmeHost host, int vectors)
    {
        PciFunction function = host.Device!.Function;
        for (int vector = 0; vector < vectors; vector++)
        {
            ulong entry = 0x2000 + ((ulong)vector * 16);
            function.Bars[0].Write(entry, 4, 0xFEE0_0000);
            function.Bars[0].Write(entry + 8, 4, 0x100u + (uint)vector);
            function.Bars[0].Write(entry + 12, 4, 0);
        }

        for (uint at = function.ReadConfig(0x34, 1); at != 0; at = function.ReadConfig((int)at + 1, 1))
        {
            if (function.ReadConfig((int)at, 1) == 0x11)
            {
                function.WriteConfig((int)at + 2, 2, 0x8000);
            }
        }
    }
}
