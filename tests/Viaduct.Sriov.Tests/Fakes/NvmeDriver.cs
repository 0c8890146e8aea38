using System.Buffers.Binary;
using System.Diagnostics;
using Viaduct.Assigned;
using Viaduct.Platform.Memory;

namespace Viaduct.Sriov.Tests.Fakes;

/// <summary>The least that a driver does with an NVMe controller: admin queue, one pair of I/O queues, one command at a time.</summary>
internal sealed unsafe class NvmeDriver : IDisposable
{
    private const ulong Memory = 0x10_0000;
    private const int Page = 4096;
    private const int Entries = 16;
    private const int Bar = 0;

    private readonly IAssignedDevice _device;
    private readonly HostMemory _memory = new("driver", 8 * Page);
    private readonly int[] _tails = new int[2];
    private readonly int[] _heads = new int[2];

    internal NvmeDriver(IAssignedDevice device)
    {
        _device = device;
        Assert.True(device.TryMapDma(Memory, _memory, 0, _memory.Length, writable: true));
        Assert.True(device.TryWrite(AssignedRegion.Config, 4, (byte[])[6, 0]));
        Write(0x24, ((Entries - 1) << 16) | (Entries - 1));
        Write(0x28, Memory);
        Write(0x30, Memory + Page);
        Write(0x14, 0x0046_0001u);
        long began = Stopwatch.GetTimestamp();
        while ((Read(0x1C) & 1) == 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "the controller doesn't become ready");
        }

        Assert.Equal(0, Submit(0, 0x05, 0, Memory + (3 * Page), ((Entries - 1) << 16) | 1, 1));
        Assert.Equal(0, Submit(0, 0x01, 0, Memory + (2 * Page), ((Entries - 1) << 16) | 1, (1 << 16) | 1));
    }

    /// <summary>The page that commands move.</summary>
    internal Span<byte> Data => new(_memory.Pointer + (4 * Page), Page);

    internal uint Read(ulong register)
    {
        byte[] value = new byte[4];
        Assert.True(_device.TryRead(Bar, register, value));
        return BinaryPrimitives.ReadUInt32LittleEndian(value);
    }

    /// <summary>The identifiers of the namespaces that the controller has.</summary>
    internal uint[] Namespaces()
    {
        Assert.Equal(0, Submit(0, 0x06, 0, Memory + (4 * Page), 2));
        List<uint> found = [];
        for (int at = 0; BinaryPrimitives.ReadUInt32LittleEndian(Data[at..]) is not 0 and var id; at += 4)
        {
            found.Add(id);
        }

        return [.. found];
    }

    /// <summary>Writes <see cref="Data"/> to eight blocks, or reads it.</summary>
    /// <returns>The status.</returns>
    internal int Transfer(uint namespaceId, uint block, bool write) =>
        Submit(1, write ? 1u : 2u, namespaceId, Memory + (4 * Page), block, 0, 7);

    public void Dispose()
    {
        _device.Dispose();
        _memory.Dispose();
    }

    private int Submit(int queue, uint opcode, uint namespaceId, ulong data, uint dword10, uint dword11 = 0, uint dword12 = 0)
    {
        Span<byte> entry = new(_memory.Pointer + (queue * 2 * Page) + (_tails[queue] * 64), 64);
        entry.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(entry, opcode);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], namespaceId);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], data);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], dword10);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[44..], dword11);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[48..], dword12);
        _tails[queue] = (_tails[queue] + 1) % Entries;
        Write(0x1000 + ((ulong)queue * 8), (uint)_tails[queue]);
        int turn = _heads[queue] / Entries;
        ref ushort status = ref *(ushort*)(_memory.Pointer + (((queue * 2) + 1) * Page) + (_heads[queue] % Entries * 16) + 14);
        long began = Stopwatch.GetTimestamp();
        while ((Volatile.Read(ref status) & 1) != (turn & 1 ^ 1))
        {
            Thread.Yield();
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "a command doesn't come back");
        }

        _heads[queue]++;
        Write(0x1004 + ((ulong)queue * 8), (uint)(_heads[queue] % Entries));
        return status >> 1;
    }

    private void Write(ulong register, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Assert.True(_device.TryWrite(Bar, register, bytes));
    }

    private void Write(ulong register, ulong value)
    {
        Write(register, (uint)value);
        Write(register + 4, (uint)(value >> 32));
    }
}
