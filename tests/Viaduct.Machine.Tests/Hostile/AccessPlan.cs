using System.Buffers.Binary;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>A seeded sequence of accesses: some at random, more of them near what drivers do, so that devices get far enough to go wrong.</summary>
/// <param name="random">The seed.</param>
/// <param name="nvme">The NVMe controller's BAR.</param>
/// <param name="virtio">The virtio block device's BAR.</param>
internal sealed class AccessPlan(Random random, ulong nvme, ulong virtio)
{
    private const ulong Arena = AccessGuest.ArenaStart;
    private const int Page = 4096;
    private const int NvmeCompletions = 16 * Page;
    private const int Descriptors = 32 * Page;
    private const int Available = 40 * Page;
    private const int Used = 48 * Page;
    private const int Data = 64 * Page;
    private const int Steps = 500;
    private const ulong Flush = 1 << 9;

    private static readonly ulong[] _functions = [0xE000_0000, 0xE000_8000, 0xE001_0000, 0xE010_0000, 0xE020_0000];
    private static readonly byte[] _blockTypes = [0, 0, 1, 1, 4, 8, 11, 13];
    private static readonly byte[] _ioOpcodes = [0, 1, 1, 2, 2, 4, 5, 8, 9];
    private static readonly byte[] _adminOpcodes = [0, 1, 1, 2, 4, 5, 5, 6, 8, 9, 10, 12, 0x7C, 0x80];

    private readonly AccessGuest _guest = new();
    private ushort _index;

    /// <summary>The guest's file.</summary>
    public byte[] Build()
    {
        FillArena();
        foreach (ulong function in _functions)
        {
            _guest.Add(Access.Write, function + 4, 4, 7);
        }

        if (random.Next(4) != 0)
        {
            StartNvme();
        }

        if (random.Next(4) != 0)
        {
            StartVirtio();
        }

        for (int step = 0; step < Steps; step++)
        {
            Step();
        }

        return _guest.Build();
    }

    private void Step()
    {
        switch (random.Next(21))
        {
            case < 3:
                _guest.Add(Access.Write, nvme + 0x1000 + ((ulong)random.Next(10) * 4), 4, (ulong)random.Next(66));
                break;
            case < 6:
                _index += (ushort)random.Next(random.Next(40) == 0 ? 40 : 5);
                _guest.Add(Access.Write, Arena + Available + 2, 2, _index);
                _guest.Add(Access.Write, virtio + 0x3000 + ((ulong)random.Next(2) * 4), 2, (ulong)random.Next(3));
                break;
            case 6:
                Touch(nvme + (ulong)random.Next(0x38), Size(8));
                break;
            case 7:
                Touch(virtio + (ulong)random.Next(0x3C), Size(8));
                break;
            case 8:
                Touch((random.Next(2) == 0 ? nvme : virtio) + (ulong)random.Next(0x8000), Size(8));
                break;
            case 9:
                if (random.Next(2) == 0)
                {
                    StartNvme();
                }
                else
                {
                    StartVirtio();
                }

                break;
            case < 12:
                Touch(_functions[random.Next(_functions.Length)] + (ulong)random.Next(random.Next(3) == 0 ? 0x1000 : 0xC0), Size(4));
                break;
            case 12:
                // COMMAND of a function or bridge: most often with decode and bus mastering on.
                _guest.Add(Access.Write, _functions[random.Next(_functions.Length)] + 4, 2, random.Next(3) == 0 ? (ulong)random.Next(8) : 7);
                break;
            case 13:
                Touch(0xC000_0000 + (ulong)random.NextInt64(0x4000_0000), Size(8));
                break;
            case 14:
                Touch(0xE000_0000 + (ulong)random.Next(0x40_0000), Size(8));
                break;
            case 15:
                // The I/O APIC and the local APIC, whose command register is left alone: it could reset the processor.
                ulong apic = random.Next(2) == 0 ? 0xFEC0_0000UL + (ulong)random.Next(0x14) : 0xFEE0_0000UL + ((ulong)random.Next(0x30) * 16);
                Touch(apic, Size(4));
                break;
            case 16:
                TouchPort();
                break;
            case 18:
                Wait();
                break;
            case 17:
                _guest.Add(Access.Write, (random.Next(2) == 0 ? nvme + 0x2000 : virtio + 0x4000) + ((ulong)random.Next(20) * 4), 4, random.Next(2) == 0 ? 0xFEE0_0000UL : Value() & ~0x500UL);
                break;
            default:
                _guest.Add(Access.Write, Arena + ((ulong)random.Next((Data + Page) / 4) * 4), 4, Value());
                break;
        }
    }

    private void Touch(ulong address, int size)
    {
        if (random.Next(3) == 0)
        {
            _guest.Add(Access.Read, address, size);
        }
        else
        {
            _guest.Add(Access.Write, address, size, Value());
        }
    }

    // Not the ports that end the machine: power management, and the reset register among the configuration ports.
    private void TouchPort()
    {
        int size = Size(4);
        int port = random.Next(4) switch
        {
            0 => 0xCFC + random.Next(4),
            1 => 0x3F8 + random.Next(8),
            2 => 0x70 + random.Next(2),
            _ => random.Next(0x1_0000),
        };
        if (port == 0xCFC)
        {
            uint address = 0x8000_0000 | ((uint)random.Next(4) << 16) | ((uint)random.Next(4) << 11) | ((uint)random.Next(64) * 4);
            _guest.Add(Access.Output, 0xCF8, 4, address);
        }

        if (port is (>= 0x5F8 and < 0x608) or (>= 0xCF4 and < 0xCFC))
        {
            return;
        }

        _guest.Add(random.Next(3) == 0 ? Access.Input : Access.Output, (ulong)port, size, Value());
    }

    private void Wait() => _guest.Add(Access.Wait, 0, 1, (ulong)random.Next(1, 10_000));

    private void StartNvme()
    {
        _guest.Add(Access.Write, nvme + 0x14, 4, 0);
        _guest.Add(Access.Write, nvme + 0x24, 4, 0x003F_003F);
        _guest.Add(Access.Write, nvme + 0x28, 8, Arena);
        _guest.Add(Access.Write, nvme + 0x30, 8, Arena + NvmeCompletions);
        _guest.Add(Access.Write, nvme + 0x14, 4, 0x46_0001);
        Wait();
        _guest.Add(Access.Write, nvme + 0x1000, 4, 6);
        Wait();
    }

    private void StartVirtio()
    {
        _index = (ushort)random.Next(1, 8);
        _guest.Add(Access.Write, Arena + Available + 2, 2, _index);
        _guest.Add(Access.Write, virtio + 0x14, 1, 0);
        _guest.Add(Access.Write, virtio + 0x14, 1, 3);
        _guest.Add(Access.Write, virtio + 0x08, 4, 0);
        _guest.Add(Access.Write, virtio + 0x0C, 4, random.Next(4) == 0 ? Value() : Flush);
        _guest.Add(Access.Write, virtio + 0x08, 4, 1);
        _guest.Add(Access.Write, virtio + 0x0C, 4, random.Next(4) == 0 ? 5u : 1u);
        _guest.Add(Access.Write, virtio + 0x14, 1, 11);
        _guest.Add(Access.Write, virtio + 0x16, 2, 0);
        _guest.Add(Access.Write, virtio + 0x18, 2, 16);
        _guest.Add(Access.Write, virtio + 0x20, 8, Arena + Descriptors);
        _guest.Add(Access.Write, virtio + 0x28, 8, Arena + Available);
        _guest.Add(Access.Write, virtio + 0x30, 8, Arena + Used);
        _guest.Add(Access.Write, virtio + 0x1C, 2, 1);
        _guest.Add(Access.Write, virtio + 0x14, 1, 15);
        _guest.Add(Access.Write, virtio + 0x3000, 2, 0);
    }

    private void FillArena()
    {
        Span<byte> arena = _guest.Arena;
        for (int at = 0; at < NvmeCompletions; at += 64)
        {
            Command(arena.Slice(at, 64), at < Page);
        }

        for (int queue = 0; queue < 3; queue++)
        {
            CreateQueue(arena.Slice(queue * 128, 64), 5, queue + 1, NvmeCompletions + ((queue + 1) * Page), 1);
            CreateQueue(arena.Slice((queue * 128) + 64, 64), 1, queue + 1, (queue + 1) * Page, ((uint)(queue + 1) << 16) | 1);
        }

        for (int at = Descriptors; at < Available; at += 16)
        {
            Put(arena, at, random.Next(8) == 0 ? Value() : Place(1));
            uint length = (uint)random.Next(random.Next(2) == 0 ? 32 : 0x4000);
            Put(arena, at + 8, length | ((ulong)random.Next(8) << 32) | ((ulong)random.Next(17) << 48));
        }

        for (int at = Available; at < Used; at += 8)
        {
            Put(arena, at, (ulong)random.NextInt64() & 0x000F_000F_000F_000F);
        }

        Put(arena, Available, (ulong)random.NextInt64() & 0x000F_000F_0000_0000);

        for (int at = Data; at < arena.Length; at += 8)
        {
            Put(arena, at, random.Next(3) == 0 ? Place(Page) : Value());
        }

        // Of the first ring's descriptors, chains as requests have them, with one in ten a little wrong.
        for (int chain = 0; chain < 5; chain++)
        {
            int header = Data + (chain * 16);
            Put(arena, header, _blockTypes[random.Next(_blockTypes.Length)]);
            Put(arena, header + 8, (ulong)random.Next(2100));
            Describe(chain * 3, Arena + (ulong)header, 16, 1);
            Describe((chain * 3) + 1, Place(512), (uint)random.Next(1, 20) * 512, random.Next(2) == 0 ? 1u : 3u);
            Describe((chain * 3) + 2, Place(1), 1, 2);
        }
    }

    private void Describe(int index, ulong address, uint length, uint flags)
    {
        int at = Descriptors + (index * 16);
        if (random.Next(10) != 0)
        {
            Put(_guest.Arena, at, address);
            Put(_guest.Arena, at + 8, length | ((ulong)flags << 32) | ((ulong)(index + 1) << 48));
        }
    }

    private void Command(Span<byte> command, bool admin)
    {
        for (int at = 0; at < command.Length; at += 8)
        {
            Put(command, at, Value());
        }

        byte[] opcodes = admin ? _adminOpcodes : _ioOpcodes;
        command[0] = opcodes[random.Next(opcodes.Length)];
        command[1] = random.Next(4) == 0 ? command[1] : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(command[4..], random.Next(3));
        Put(command, 24, Place(random.Next(3) == 0 ? 4 : Page));
        Put(command, 32, Place(Page));
        if (random.Next(4) != 0)
        {
            Put(command, 40, (ulong)random.Next(2048));
            Put(command, 48, (ulong)random.Next(300));
        }
    }

    private static void CreateQueue(Span<byte> command, byte opcode, int id, int place, uint flags)
    {
        command.Clear();
        command[0] = opcode;
        Put(command, 24, Arena + (ulong)place);
        Put(command, 40, (uint)id | (63u << 16) | ((ulong)flags << 32));
    }

    private static void Put(Span<byte> bytes, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], AccessGuest.Clean(value));

    private ulong Place(int alignment) => Arena + (ulong)(random.Next(AccessGuest.ArenaLength) / alignment * alignment);

    private int Size(int most) => 1 << random.Next(int.Log2(most) + 1);

    private ulong Value() => random.Next(8) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => (ulong)random.Next(70),
        3 or 4 => Place(Page),
        5 => 1UL << random.Next(64),
        6 => (ulong)random.NextInt64() >> random.Next(64),
        _ => (ulong)random.NextInt64(),
    };
}
