using Viaduct.Machine.Boot;
using Viaduct.Platform.Engines;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Offsets are those of hvm_start_info, hvm_modlist_entry and hvm_memmap_table_entry: Xen, arch-x86/hvm/start_info.h.</summary>
public sealed class PvhProtocolTests : IDisposable
{
    private readonly BootRig _rig = new();

    [Fact]
    public void Load_ElfWithTheNote_EntersItInProtectedMode()
    {
        CpuBootState state = _rig.Load(Kernel());
        Assert.Equal((CpuMode.Protected32, 0x20_0010ul), (state.Mode, state.Rip));
        Assert.Equal([1, 2, 3], _rig.Read(0x20_0000, 3));
        Assert.Equal(0x336E_C578u, _rig.Read<uint>(state.Rbx));
        Assert.Equal(0xAul, (_rig.Read<ulong>(state.GdtBase + 0x10) >> 40) & 0xA);
        Assert.Equal(0ul, (_rig.Read<ulong>(state.GdtBase + 0x10) >> 53) & 1);
    }

    [Fact]
    public void Load_StartInfo_HasEverything()
    {
        byte[] initrd = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        CpuBootState state = _rig.Load(Kernel(), "quiet", initrd);
        Assert.True(_rig.Read<uint>(state.Rbx + 4) >= 1);
        Assert.Equal(1u, _rig.Read<uint>(state.Rbx + 12));
        ulong module = _rig.Read<ulong>(state.Rbx + 16);
        Assert.Equal(300ul, _rig.Read<ulong>(module + 8));
        Assert.Equal(initrd, _rig.Read(_rig.Read<ulong>(module), 300));
        Assert.Equal("quiet", _rig.ReadText(_rig.Read<ulong>(state.Rbx + 24)));
        Assert.Equal(BootRig.Rsdp, _rig.Read<ulong>(state.Rbx + 32));
        ulong map = _rig.Read<ulong>(state.Rbx + 40);
        Assert.Equal((uint)BootRig.Map.Count, _rig.Read<uint>(state.Rbx + 48));
        for (int i = 0; i < BootRig.Map.Count; i++)
        {
            Assert.Equal(BootRig.Map[i].Start, _rig.Read<ulong>(map + ((ulong)i * 24)));
            Assert.Equal(BootRig.Map[i].Length, _rig.Read<ulong>(map + ((ulong)i * 24) + 8));
            Assert.Equal((uint)BootRig.Map[i].Kind, _rig.Read<uint>(map + ((ulong)i * 24) + 16));
        }
    }

    [Fact]
    public void Load_NoInitrd_HasNoModule()
    {
        CpuBootState state = _rig.Load(Kernel());
        Assert.Equal(0u, _rig.Read<uint>(state.Rbx + 12));
        Assert.Equal(0ul, _rig.Read<ulong>(state.Rbx + 16));
    }

    [Fact]
    public void Load_ElfWithoutTheNote_SaysSo()
    {
        byte[] kernel = new ElfFile().Segment(0x20_0000, [1]).Build();
        Assert.Contains("PVH", Assert.Throws<KernelImageException>(() => _rig.Load(kernel)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _rig.Dispose();

    private static byte[] Kernel() => new ElfFile().Segment(0x20_0000, [1, 2, 3]).PvhEntry(0x20_0010).Build();
}
