using System.Buffers.Binary;
using Viaduct.Emulated.Nvme;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

/// <summary>A submission entry as a host writes it.</summary>
internal sealed class Command
{
    private readonly byte[] _bytes = new byte[64];

    public Command(AdminOpcode opcode, uint nsid = 0)
        : this((byte)opcode, nsid)
    {
    }

    public Command(IoOpcode opcode, uint nsid = 1)
        : this((byte)opcode, nsid)
    {
    }

    public Command(byte opcode, uint nsid)
    {
        _bytes[0] = opcode;
        this[1] = nsid;
    }

    public Command(byte[] bytes) => bytes.CopyTo(_bytes, 0);

    public ReadOnlySpan<byte> Bytes => _bytes;

    public uint this[int dword]
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(dword * 4));
        set => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(dword * 4), value);
    }

    public ushort Id
    {
        get => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(2));
        set => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(2), value);
    }

    /// <summary>FUSE and PSDT.</summary>
    public byte Flags
    {
        get => _bytes[1];
        set => _bytes[1] = value;
    }

    public ulong Data1
    {
        get => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(24));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(24), value);
    }

    public ulong Data2
    {
        get => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(32));
        set => BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(32), value);
    }

    /// <summary>An SGL data block or segment as the first descriptor.</summary>
    public Command WithSgl(ulong address, uint length, byte identifier)
    {
        Flags = 0x40;
        Data1 = address;
        Data2 = length | ((ulong)identifier << 56);
        return this;
    }

    public Command WithBlocks(ulong first, uint count, uint flags = 0)
    {
        this[10] = (uint)first;
        this[11] = (uint)(first >> 32);
        this[12] = (count - 1) | flags;
        return this;
    }
}
