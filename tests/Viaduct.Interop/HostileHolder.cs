using System.Buffers.Binary;
using System.Globalization;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;

namespace Viaduct.Interop;

/// <summary>A guest and its monitor that mean harm, as a process: takes a function and misbehaves for so many steps.</summary>
internal sealed class HostileHolder
{
    internal const string Command = "hostile-holder";

    private const int Bar = 0;
    private const int DoorbellPage = 0x1000;
    private const byte Namespace = 4;

    private readonly string _socket;
    private readonly Random _random;

    private HostileHolder(string socket, int seed)
    {
        _socket = socket;
        _random = new Random(seed);
    }

    /// <returns>The exit status: zero where it came to its last step.</returns>
    internal static int Run(string socket, string kind, string seed, string steps)
    {
        HostileHolder holder = new(socket, int.Parse(seed, CultureInfo.InvariantCulture));
        int count = int.Parse(steps, CultureInfo.InvariantCulture);
        Action<int> run = Enum.Parse<Misbehaviour>(kind) switch
        {
            Misbehaviour.Messages => holder.SendNonsense,
            Misbehaviour.Dma => holder.MapNonsense,
            Misbehaviour.Queues => holder.PointElsewhere,
            Misbehaviour.Resets => holder.ResetAgainAndAgain,
            Misbehaviour.Bars => holder.MoveBars,
            Misbehaviour.AdminCommands => holder.FloodAdminQueue,
            Misbehaviour.Doorbells => holder.RingWithoutWork,
            _ => holder.KeepQueueFull,
        };
        run(count);
        return 0;
    }

    private void SendNonsense(int steps)
    {
        using RawClient client = new(_socket, _random);
        for (int step = 0; step < steps; step++)
        {
            client.SendNonsense();
        }
    }

    private void MapNonsense(int steps)
    {
        using RawMapper mapper = new(_socket, _random);
        for (int step = 0; step < steps; step++)
        {
            mapper.Step();
        }
    }

    private void ResetAgainAndAgain(int steps)
    {
        using IAssignedDevice device = Take();
        for (int step = 0; step < steps; step++)
        {
            // By the message, and as a guest does: through its PCI Express capability or its controller's registers.
            _ = step % 3 == 0 ? device.TryReset() : step % 3 == 1 ? FunctionLevelReset(device) : Poke(device, 0x14, (uint)step % 2);
        }
    }

    private void PointElsewhere(int steps)
    {
        using IAssignedDevice device = Take();
        for (int step = 0; step < steps; step++)
        {
            if (step % 8 == 0)
            {
                Enable(device, _random.Next(2) == 0 ? 0 : Anywhere() & ~0xFFFUL, Anywhere() & ~0xFFFUL);
                continue;
            }

            using NvmeDriver driver = new(device, Namespace);
            try
            {
                driver.Start();
                CommandsWithBuffersAnywhere(driver);
            }
            catch (IOException)
            {
                // Queues that aren't memory stop the controller; the next step begins anew.
            }
            finally
            {
                _ = device.TryReset();
                _ = device.TryUnmapDma(NvmeDriver.Base, 1 << 20);
            }
        }
    }

    private void MoveBars(int steps)
    {
        using IAssignedDevice device = Take();
        using NvmeDriver driver = new(device, Namespace);
        driver.Start();
        byte[] value = new byte[4];
        for (int step = 0; step < steps; step++)
        {
            int place = _random.Next(3) switch
            {
                0 => 0x10 + (4 * _random.Next(6)),
                1 => 4,
                _ => 4 * _random.Next(1024),
            };
            BinaryPrimitives.WriteUInt32LittleEndian(value, _random.Next(2) == 0 ? uint.MaxValue : (uint)_random.Next());
            _ = device.TryWrite(AssignedRegion.Config, (ulong)place, value);
            _ = device.TryWrite(AssignedRegion.Config, 4, [6, 0]);
            Submit(driver, 1, 2, NvmeDriver.Base + 0x10000);
            _ = driver.TryTake(1);
        }
    }

    private void FloodAdminQueue(int steps)
    {
        using IAssignedDevice device = Take();
        using NvmeDriver driver = new(device, Namespace);
        driver.Start();
        byte[] opcodes = [0x06, 0x06, 0x02, 0x0A, 0x09, 0x08, 0x14, 0x18, 0x7C, 0x0D, 0x15, 0x1C];
        Flood(driver, 0, steps, () => opcodes[_random.Next(opcodes.Length)]);
    }

    private void KeepQueueFull(int steps)
    {
        using IAssignedDevice device = Take();
        using NvmeDriver driver = new(device, Namespace);
        driver.Start();
        Flood(driver, 1, steps, () => (byte)(1 + _random.Next(2)));
    }

    private void RingWithoutWork(int steps)
    {
        using IAssignedDevice device = Take();
        using NvmeDriver driver = new(device, Namespace);
        driver.Start();
        for (int step = 0; step < steps; step++)
        {
            uint doorbell = _random.Next(4) switch
            {
                0 => (uint)_random.Next(0x1000) & ~3u,
                1 => 12,
                _ => 8,
            };
            _ = Poke(device, DoorbellPage + doorbell, _random.Next(2) == 0 ? (uint)_random.Next(NvmeDriver.Entries) : (uint)_random.Next());
        }
    }

    // All entries of a queue but one are on their way at any time.
    private void Flood(NvmeDriver driver, int queue, int steps, Func<byte> opcode)
    {
        int flying = 0;
        SpinWait spin = default;
        for (int step = 0; step < steps;)
        {
            if (flying < NvmeDriver.Entries - 2)
            {
                Submit(driver, queue, opcode(), NvmeDriver.Base + 0x10000);
                flying++;
                step++;
            }

            // Event requests don't come back: a few places stay taken.
            flying -= driver.TryTake(queue) ? 1 : 0;
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private void CommandsWithBuffersAnywhere(NvmeDriver driver)
    {
        for (int i = 0; i < 16; i++)
        {
            Submit(driver, _random.Next(2), (byte)_random.Next(_random.Next(2) == 0 ? 0x20 : 0x100), Anywhere());
        }

        for (int i = 0; i < 2000; i++)
        {
            _ = driver.TryTake(0) || driver.TryTake(1);
        }
    }

    private void Submit(NvmeDriver driver, int queue, byte opcode, ulong buffer)
    {
        byte[] entry = new byte[64];
        entry[0] = opcode;
        entry[1] = _random.Next(8) == 0 ? (byte)0x40 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(entry.AsSpan(2), (ushort)_random.Next());
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), _random.Next(8) == 0 ? (uint)_random.Next(8) : Namespace);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(24), buffer);
        BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(32), _random.Next(2) == 0 ? buffer : Anywhere());
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(40), (uint)_random.Next(256));
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(48), (uint)_random.Next(16));
        driver.Submit(queue, entry);
    }

    // Near its memory, at its edges, and far away.
    private ulong Anywhere() => _random.Next(4) switch
    {
        0 => NvmeDriver.Base + (ulong)_random.Next(1 << 20),
        1 => NvmeDriver.Base + (1 << 20) - (ulong)_random.Next(0x3000),
        2 => (ulong)_random.NextInt64(),
        _ => ulong.MaxValue - (ulong)_random.Next(0x3000),
    };

    private static void Enable(IAssignedDevice device, ulong submission, ulong completion)
    {
        _ = device.TryWrite(AssignedRegion.Config, 4, [6, 0]);
        _ = Poke(device, 0x14, 0);
        _ = Poke(device, 0x24, 0x003F_003F);
        _ = Poke(device, 0x28, (uint)submission) && Poke(device, 0x2C, (uint)(submission >> 32));
        _ = Poke(device, 0x30, (uint)completion) && Poke(device, 0x34, (uint)(completion >> 32));
        _ = Poke(device, 0x14, 0x0046_0001);
        _ = Poke(device, DoorbellPage, 5);
    }

    private static bool FunctionLevelReset(IAssignedDevice device)
    {
        byte[] at = [0];
        bool found = device.TryRead(AssignedRegion.Config, 0x34, at);
        byte[] capability = new byte[2];
        while (found && at[0] != 0 && device.TryRead(AssignedRegion.Config, at[0], capability) && capability[0] != 0x10)
        {
            at[0] = capability[1];
        }

        return found && device.TryWrite(AssignedRegion.Config, at[0] + 8u, [0, 0x80]);
    }

    private static bool Poke(IAssignedDevice device, uint register, uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return device.TryWrite(Bar, register, bytes);
    }

    private IAssignedDevice Take() => new VfioUserSource(_socket, "hostile").Open();
}
