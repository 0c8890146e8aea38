using System.Buffers.Binary;
using Viaduct.Machine.Boot;
using Viaduct.Platform.Engines;
using Xunit;

namespace Viaduct.Machine.Tests.Boot;

/// <summary>Offsets are those of the information structure: Multiboot Specification 0.6.96, 3.3.</summary>
public sealed class MultibootProtocolTests : IDisposable
{
    private readonly BootRig _rig = new();

    [Fact]
    public void Load_ElfWithAHeader_EntersItInProtectedMode()
    {
        CpuBootState state = _rig.Load(Program());
        Assert.Equal((CpuMode.Protected32, 0x40_000Cul), (state.Mode, state.Rip));
        Assert.Equal(0x2BAD_B002ul, state.Rax);
        Assert.Equal(0xF4, _rig.Read<byte>(0x40_000C));
    }

    [Fact]
    public void Load_Information_HasCommandLineModuleAndMap()
    {
        byte[] module = [.. Enumerable.Range(0, 300).Select(i => (byte)i)];
        CpuBootState state = _rig.Load(Program(), "one two", module);
        Assert.Equal(0x4Du, _rig.Read<uint>(state.Rbx));
        Assert.Equal((BootRig.Memory - 0x10_0000) >> 10, _rig.Read<uint>(state.Rbx + 8));
        Assert.Equal("kernel one two", _rig.ReadText(_rig.Read<uint>(state.Rbx + 16)));
        Assert.Equal(1u, _rig.Read<uint>(state.Rbx + 20));
        ulong entry = _rig.Read<uint>(state.Rbx + 24);
        Assert.Equal(300u, _rig.Read<uint>(entry + 4) - _rig.Read<uint>(entry));
        Assert.Equal(module, _rig.Read(_rig.Read<uint>(entry), 300));
        Assert.Equal((uint)BootRig.Map.Count * 24, _rig.Read<uint>(state.Rbx + 44));
        ulong map = _rig.Read<uint>(state.Rbx + 48);
        for (int i = 0; i < BootRig.Map.Count; i++)
        {
            Assert.Equal(20u, _rig.Read<uint>(map + ((ulong)i * 24)));
            Assert.Equal(BootRig.Map[i].Start, _rig.Read<ulong>(map + ((ulong)i * 24) + 4));
            Assert.Equal(BootRig.Map[i].Length, _rig.Read<ulong>(map + ((ulong)i * 24) + 12));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 1 << 3)]
    [InlineData(8, 0)]
    public void Header_OfWrongMagicFlagsOrSum_IsNone(int offset, int value)
    {
        byte[] program = Program();
        BinaryPrimitives.WriteInt32LittleEndian(program.AsSpan(84 + offset), value);
        Assert.Contains("PVH", Assert.Throws<KernelImageException>(() => _rig.Load(program)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ProgramHeader_OutsideTheFile_IsRefused()
    {
        byte[] program = Program();
        BinaryPrimitives.WriteUInt32LittleEndian(program.AsSpan(28), uint.MaxValue);
        Assert.Contains("outside", Assert.Throws<KernelImageException>(() => _rig.Load(program)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _rig.Dispose();

    /// <summary>A 32-bit ELF file: one segment at 400000H, a multiboot header and HLT.</summary>
    private static byte[] Program()
    {
        byte[] file = new byte[84 + 13];
        Span<byte> span = file;
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1]).CopyTo(span);
        BinaryPrimitives.WriteUInt16LittleEndian(span[16..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(span[18..], 3);
        BinaryPrimitives.WriteUInt32LittleEndian(span[24..], 0x40_000C);
        BinaryPrimitives.WriteUInt32LittleEndian(span[28..], 52);
        BinaryPrimitives.WriteUInt16LittleEndian(span[42..], 32);
        BinaryPrimitives.WriteUInt16LittleEndian(span[44..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(span[52..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(span[56..], 84);
        BinaryPrimitives.WriteUInt32LittleEndian(span[64..], 0x40_0000);
        BinaryPrimitives.WriteUInt32LittleEndian(span[68..], 13);
        BinaryPrimitives.WriteUInt32LittleEndian(span[72..], 13);
        BinaryPrimitives.WriteUInt32LittleEndian(span[84..], 0x1BAD_B002);
        BinaryPrimitives.WriteUInt32LittleEndian(span[92..], unchecked((uint)-0x1BAD_B002));
        file[96] = 0xF4;
        return file;
    }
}
