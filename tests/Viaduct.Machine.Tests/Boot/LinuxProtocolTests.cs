using Viaduct.Machine.Boot;
using Viaduct.Machine.Tests.Compression;
using Viaduct.Platform.Engines;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Offsets are those of boot_params: Linux, Documentation/arch/x86/zero-page.rst and boot.rst.</summary>
public sealed class LinuxProtocolTests : IDisposable
{
    private readonly BootRig _rig = new();

    [Fact]
    public void Load_PackedKernel_EntersTheUnpackedOne()
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("zstd", Kernel())));
        Assert.Equal((CpuMode.Long64, 0x110_0040ul), (state.Mode, state.Rip));
        Assert.Equal(XzSample.Bytes, _rig.Read(0x110_0000, XzSample.Bytes.Length));
        Assert.Equal([7, 7, 7], _rig.Read(0x140_0000, 3));
    }

    [Fact]
    public void Load_PayloadOfUnknownFormat_EntersTheImageWhereItWantsToBe()
    {
        byte[] file = BzImage.Build("BZh91AY&SY and what follows"u8);
        CpuBootState state = _rig.Load(file);
        Assert.Equal(BzImage.PreferredAddress + 0x200, state.Rip);
        Assert.Equal(file[BzImage.SetupLength..], _rig.Read(BzImage.PreferredAddress, file.Length - BzImage.SetupLength));
    }

    [Fact]
    public void Load_BootParams_SayWhatTheLoaderDid()
    {
        byte[] file = BzImage.Build(PackedPayload.Pack("lz4", Kernel()));
        byte[] initrd = new byte[5000];
        Array.Fill(initrd, (byte)0x5A);
        CpuBootState state = _rig.Load(file, "console=ttyS0 quiet", initrd);
        byte[] header = _rig.Read(state.Rsi + 0x1F1, 0x26C - 0x1F1);

        Assert.Equal(file[0x202..0x210], header[0x11..0x1F]);
        Assert.Equal(BzImage.PreferredAddress, _rig.Read<ulong>(state.Rsi + 0x258));
        Assert.Equal(0xFF, _rig.Read<byte>(state.Rsi + 0x210));
        Assert.Equal(1, _rig.Read<byte>(state.Rsi + 0x211) & 1);
        Assert.Equal(0, _rig.Read<byte>(state.Rsi + 0x1EF));
        Assert.Equal(BootRig.Rsdp, _rig.Read<ulong>(state.Rsi + 0x070));
        Assert.Equal("console=ttyS0 quiet", _rig.ReadText(_rig.Read<uint>(state.Rsi + 0x228)));
        uint address = _rig.Read<uint>(state.Rsi + 0x218);
        Assert.Equal(5000u, _rig.Read<uint>(state.Rsi + 0x21C));
        Assert.Equal(0u, address % 4096);
        Assert.InRange(address, 0x140_0003u, (uint)BootRig.Memory - 5000);
        Assert.Equal(initrd, _rig.Read(address, 5000));
    }

    [Fact]
    public void Load_NoInitrd_SaysNone()
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())));
        Assert.Equal(0ul, _rig.Read<ulong>(state.Rsi + 0x218));
    }

    [Fact]
    public void Load_MemoryMap_IsTheBoards()
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())));
        Assert.Equal(BootRig.Map.Count, _rig.Read<byte>(state.Rsi + 0x1E8));
        for (int i = 0; i < BootRig.Map.Count; i++)
        {
            ulong entry = state.Rsi + 0x2D0 + ((ulong)i * 20);
            Assert.Equal(BootRig.Map[i].Start, _rig.Read<ulong>(entry));
            Assert.Equal(BootRig.Map[i].Length, _rig.Read<ulong>(entry + 8));
            Assert.Equal((uint)BootRig.Map[i].Kind, _rig.Read<uint>(entry + 16));
        }
    }

    [Theory]
    [InlineData(0ul)]
    [InlineData(0x110_0040ul)]
    [InlineData(0xFEE0_0000ul)]
    [InlineData(0xFFFF_FFFFul)]
    public void Load_PageTables_MapTheFirst4GiBOneToOne(ulong address)
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())));
        ulong top = _rig.Read<ulong>(state.PageTable + ((address >> 39) * 8));
        ulong directory = _rig.Read<ulong>((top & ~0xFFFul) + ((address >> 30 & 0x1FF) * 8));
        ulong page = _rig.Read<ulong>((directory & ~0xFFFul) + ((address >> 21 & 0x1FF) * 8));
        Assert.Equal(3ul, top & 3 & directory);
        Assert.Equal(0x83ul, page & 0x83);
        Assert.Equal(address & ~0x1F_FFFFul, page & ~0x1F_FFFFul);
    }

    [Fact]
    public void Load_Segments_AreFlatAt10HAnd18H()
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())));
        Assert.Equal((0x10, 0x18), (state.CodeSelector, state.DataSelector));
        Assert.True(state.GdtLimit >= 0x1F);
        ulong code = _rig.Read<ulong>(state.GdtBase + 0x10);
        ulong data = _rig.Read<ulong>(state.GdtBase + 0x18);
        Assert.Equal(0xAul, (code >> 40) & 0xA);
        Assert.Equal(1ul, (code >> 53) & 1);
        Assert.Equal(0x2ul, (data >> 40) & 0xA);
    }

    [Fact]
    public void Load_InitrdLimitOfTheKernel_IsKept()
    {
        CpuBootState state = _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel()), highestInitrd: 0x1FF_FFFF), initrd: new byte[0x10_0001]);
        Assert.Equal(0x1EF_F000u, _rig.Read<uint>(state.Rsi + 0x218));
    }

    [Fact]
    public void Load_InitrdThatDoesNotFit_AsksForMemory()
    {
        KernelImageException error = Assert.Throws<KernelImageException>(() =>
            _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())), initrd: new byte[60 << 20]));
        Assert.StartsWith(_rig.InitrdPath, error.Message, StringComparison.Ordinal);
        Assert.Contains("--memory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_KernelWhoseBssEndsBeyondMemory_AsksForMemory()
    {
        byte[] elf = new ElfFile().Segment(0x100_0000, [1], memoryLength: BootRig.Memory).Build();
        KernelImageException error = Assert.Throws<KernelImageException>(() => _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", elf))));
        Assert.Contains("--memory", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_CommandLineLongerThanTheKernelTakes_SaysHowLong()
    {
        KernelImageException error = Assert.Throws<KernelImageException>(() =>
            _rig.Load(BzImage.Build(PackedPayload.Pack("lz4", Kernel())), new string('x', (int)BzImage.CommandLineSize + 1)));
        Assert.Contains("2047", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BrokenPayload_NamesTheFile()
    {
        byte[] payload = PackedPayload.Xz();
        payload[5000] ^= 1;
        KernelImageException error = Assert.Throws<KernelImageException>(() => _rig.Load(BzImage.Build(payload)));
        Assert.StartsWith($"{_rig.KernelPath}: can't be unpacked: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OldProtocol_SaysWhichKernelsDo()
    {
        KernelImageException error = Assert.Throws<KernelImageException>(() => _rig.Load(BzImage.Build([], version: 0x204)));
        Assert.Contains("boot protocol 2.4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoKernelAtAll_SaysWhatItShouldBe()
    {
        Assert.Contains("bzImage", Assert.Throws<KernelImageException>(() => _rig.Load([])).Message, StringComparison.Ordinal);
        Assert.Contains("bzImage", Assert.Throws<KernelImageException>(() => _rig.Load(new byte[4096])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_BzImageCutShort_IsRefused()
    {
        byte[] file = BzImage.Build(PackedPayload.Pack("lz4", Kernel()));
        foreach (int length in (int[])[0x1FF, 0x267, 0x268, BzImage.SetupLength])
        {
            Assert.Throws<KernelImageException>(() => _rig.Load(file[..length]));
        }
    }

    public void Dispose() => _rig.Dispose();

    private static byte[] Kernel() => new ElfFile { Entry = 0x110_0040 }
        .Segment(0x110_0000, XzSample.Bytes)
        .Segment(0x140_0000, [7, 7, 7])
        .Build();
}
