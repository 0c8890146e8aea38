using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Emulated.Nvme;
using Viaduct.Emulated.Tests.Nvme.Hosting;
using Xunit;

namespace Viaduct.Emulated.Tests.Nvme;

public sealed class IsolationTests
{
    private const int Part = 1 << 20;
    private const int Controllers = 4;

    [Fact]
    public void RandomCommands_OfSeveralControllers_TouchNobodyElsesBytes() =>
        Prop.ForAll<int>(seed => Run(new Random(seed))).QuickCheckThrowOnFailure();

    /// <summary>Each driver writes its own byte, at random places of random namespaces; whatever happens, in a private namespace lie zeroes and its owner's byte alone.</summary>
    private static bool Run(Random random)
    {
        MemoryDisk disk = new(Controllers * Part) { Record = false };
        using SubsystemHosts hosts = new(SubsystemHosts.Options(NvmeNamespaceOptions.Divide(disk, Controllers), online: true, Controllers - 1));
        NvmeHost?[] drivers = new NvmeHost?[Controllers];
        HostRing[] rings = new HostRing[Controllers];
        drivers[0] = hosts.Primary;
        rings[0] = hosts.Primary.CreateQueues(1);
        for (int step = 0; step < 150; step++)
        {
            int who = random.Next(Controllers);
            if (drivers[who] is not { } host)
            {
                drivers[who] = hosts.AddReady(who, out rings[who]);
                continue;
            }

            switch (random.Next(12))
            {
                case 0 when who != 0:
                    hosts.Remove(host);
                    drivers[who] = null;
                    break;
                case 1:
                    host.Disable();
                    host.Enable();
                    rings[who] = host.CreateQueues(1);
                    break;
                case 2:
                    disk.Hold = random.Next(2) == 0;
                    Submit(host, rings[who], random, (byte)(who + 1));
                    disk.Hold = false;
                    host.Pump();
                    break;
                case 3:
                    Drain(host, rings[who]);
                    break;
                default:
                    Submit(host, rings[who], random, (byte)(who + 1));
                    host.Pump();
                    Drain(host, rings[who]);
                    break;
            }
        }

        return Enumerable.Range(0, Controllers).All(owner =>
            disk.Bytes.AsSpan(owner * Part, Part).IndexOfAnyExcept((byte)0, (byte)(owner + 1)) < 0);
    }

    private static void Submit(NvmeHost host, HostRing io, Random random, byte fill)
    {
        if ((io.Tail + 1) % io.Entries == io.Head)
        {
            return;
        }

        ulong buffer = 0x80_0000;
        byte[] bytes = new byte[8192];
        bytes.AsSpan().Fill(fill);
        host.Put(buffer, bytes);
        IoOpcode opcode = random.Next(6) switch
        {
            0 => IoOpcode.WriteZeroes,
            1 => IoOpcode.Flush,
            2 => IoOpcode.DatasetManagement,
            _ => IoOpcode.Write,
        };
        uint id = random.Next(8) == 0 ? uint.MaxValue : (uint)random.Next(6);
        Command command = new Command(opcode, id) { Data1 = buffer, Data2 = buffer + 4096 };
        ulong block = random.Next(4) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(2100);
        command = command.WithBlocks(block, (uint)random.Next(1, 17));
        if (opcode == IoOpcode.DatasetManagement)
        {
            Span<byte> range = stackalloc byte[16];
            BinaryPrimitives.WriteUInt32LittleEndian(range[4..], (uint)random.Next(100));
            BinaryPrimitives.WriteUInt64LittleEndian(range[8..], block);
            host.Put(buffer, range);
            command[10] = 0;
            command[11] = 4;
        }

        host.Submit(io, command);
    }

    private static void Drain(NvmeHost host, HostRing io)
    {
        while (host.TryTake(io, out _))
        {
            // Whether a command succeeded is other tests' matter.
        }
    }
}
