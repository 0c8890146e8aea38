using System.Buffers.Binary;
using System.Diagnostics;
using Viaduct.Assigned;
using Viaduct.Platform.Memory;

namespace Viaduct.Interop;

/// <summary>A small NVMe driver: polls, one queue, one page a command.</summary>
internal sealed unsafe class NvmeDriver : IDisposable
{
    internal const int Page = 4096;
    internal const int Depth = 8;

    /// <summary>Entries of a queue.</summary>
    internal const int Entries = 64;

    /// <summary>Where its memory is to the device: 1 MiB.</summary>
    internal const ulong Base = 0x10_0000;

    private const int Bar = 0;
    private const int Configuration = 0x14;
    private const int Status = 0x1C;
    private const int AdminAttributes = 0x24;
    private const int AdminSubmission = 0x28;
    private const int AdminCompletion = 0x30;
    private const int Doorbells = 0x1000;
    private const int BuffersAt = 0x10000;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly IAssignedDevice _device;
    private readonly HostMemory _memory = new("driver", 1 << 20);
    private readonly int[] _tails = new int[2];
    private readonly int[] _heads = new int[2];
    private readonly bool[] _phases = [true, true];
    private readonly byte _namespaceId;
    private volatile bool _lost;

    /// <param name="device">The controller. It stays the caller's.</param>
    /// <param name="namespaceId">Which namespace commands go to.</param>
    internal NvmeDriver(IAssignedDevice device, byte namespaceId = 1)
    {
        _device = device;
        _namespaceId = namespaceId;
        device.Lost += () => _lost = true;
    }

    /// <summary>Enables the controller and makes queues.</summary>
    /// <exception cref="IOException">The device is lost, or doesn't start.</exception>
    internal void Start()
    {
        Must(_device.TryWrite(AssignedRegion.Config, 4, [6, 0]), "COMMAND");
        Must(_device.TryMapDma(Base, _memory, 0, _memory.Length, writable: true), "the memory's map");
        Write(Configuration, 0);
        Await(() => (Read(Status) & 1) == 0, "the controller to stop");
        Write(AdminAttributes, (Entries - 1) | ((Entries - 1) << 16));
        Write(AdminSubmission, (uint)Base);
        Write(AdminSubmission + 4, 0);
        Write(AdminCompletion, (uint)Base + Page);
        Write(AdminCompletion + 4, 0);
        Write(Configuration, 1 | (6u << 16) | (4u << 20));
        Await(() => (Read(Status) & 1) != 0, "the controller to start");
        Admin(opcode: 5, Base + (3 * Page), 1 | ((Entries - 1) << 16), 1);
        Admin(opcode: 1, Base + (2 * Page), 1 | ((Entries - 1) << 16), 1 | (1 << 16));
    }

    /// <summary>The buffer of a command in flight, 0 to <see cref="Depth"/> - 1.</summary>
    internal Span<byte> Buffer(int index) => new(_memory.Pointer + BuffersAt + (index * Page), Page);

    /// <summary>Begins to read a block of 4096 bytes into its buffer.</summary>
    internal void BeginRead(int index, ulong block) => Begin(index, 2, block, 0);

    /// <summary>Begins to write a block of 4096 bytes from its buffer, durably.</summary>
    internal void BeginWrite(int index, ulong block) => Begin(index, 1, block, 1u << 30);

    /// <summary>Puts an entry of any content into a queue (0 is the admin queue) and rings.</summary>
    internal void Submit(int queue, ReadOnlySpan<byte> entry)
    {
        entry.CopyTo(Next(queue));
        Ring(queue);
    }

    /// <summary>Takes a completion, whatever it says, if there is one.</summary>
    internal bool TryTake(int queue)
    {
        if (IsComplete(queue))
        {
            _ = Advance(queue);
            return true;
        }

        return false;
    }

    /// <summary>Waits for a command to end.</summary>
    /// <returns>Its buffer.</returns>
    /// <exception cref="IOException">It failed, or the device is lost.</exception>
    internal int Complete() => Take(1);

    public void Dispose() => _memory.Dispose();

    private static void Must(bool done, string what)
    {
        if (!done)
        {
            throw new IOException($"the device refused {what}");
        }
    }

    private void Begin(int index, byte opcode, ulong block, uint flags)
    {
        Span<byte> entry = Next(1);
        entry[0] = opcode;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[2..], (ushort)index);
        entry[4] = _namespaceId;
        BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], Base + BuffersAt + (ulong)(index * Page));
        BinaryPrimitives.WriteUInt64LittleEndian(entry[40..], block * 8);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[48..], 7 | flags);
        Ring(1);
    }

    private void Admin(byte opcode, ulong address, uint dword10, uint dword11)
    {
        Span<byte> entry = Next(0);
        entry[0] = opcode;
        BinaryPrimitives.WriteUInt64LittleEndian(entry[24..], address);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], dword10);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[44..], dword11);
        Ring(0);
        _ = Take(0);
    }

    private Span<byte> Next(int queue)
    {
        Span<byte> entry = new(_memory.Pointer + (queue * 2 * Page) + (_tails[queue] * 64), 64);
        entry.Clear();
        _tails[queue] = (_tails[queue] + 1) % Entries;
        return entry;
    }

    private void Ring(int queue) => Write(Doorbells + (queue * 8), (uint)_tails[queue]);

    private int Take(int queue)
    {
        Await(() => IsComplete(queue), "a completion");
        uint last = Advance(queue);
        return last >> 17 == 0 ? (int)(last & 0xFFFF) : throw new IOException($"a command failed with status {last >> 17:x}");
    }

    private uint* Last(int queue) => (uint*)(_memory.Pointer + (((queue * 2) + 1) * Page) + (_heads[queue] * 16) + 12);

    private bool IsComplete(int queue) => (Volatile.Read(ref *Last(queue)) >> 16 & 1) != 0 == _phases[queue];

    private uint Advance(int queue)
    {
        uint last = *Last(queue);
        _heads[queue] = (_heads[queue] + 1) % Entries;
        _phases[queue] ^= _heads[queue] == 0;
        Write(Doorbells + (queue * 8) + 4, (uint)_heads[queue]);
        return last;
    }

    private uint Read(int register)
    {
        Span<byte> bytes = stackalloc byte[4];
        Must(_device.TryRead(Bar, (ulong)register, bytes), "a read");
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private void Write(int register, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Must(_device.TryWrite(Bar, (ulong)register, bytes), "a write");
    }

    private void Await(Func<bool> condition, string what)
    {
        long began = Stopwatch.GetTimestamp();
        SpinWait spin = default;
        while (!condition())
        {
            if (_lost)
            {
                throw new IOException("the device is lost");
            }

            if (Stopwatch.GetElapsedTime(began) > _patience)
            {
                throw new IOException($"waited too long for {what}");
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
