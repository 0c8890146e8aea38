using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;

namespace Viaduct.Interop;

/// <summary>
/// A guest's part, as a process that can be killed or survive its server: it checks all blocks, then for ever writes
/// ever higher numbers over them, durably and several at a time, and says on standard output which number is durable.
/// Where its device is lost it says so, and goes on as soon as a server is there again.
/// </summary>
internal static class VerifiedWriter
{
    internal const string Command = "verified-writer";
    internal const int Blocks = 64;

    /// <summary>What it writes on standard output in a number's place when its device is lost.</summary>
    internal const ulong Lost = ulong.MaxValue;

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(200);

    /// <summary>What its standard output brought.</summary>
    internal enum Heard
    {
        /// <summary>The number of a write that is durable.</summary>
        Durable,

        /// <summary>That the device is lost.</summary>
        Loss,

        /// <summary>The end of the process.</summary>
        End,
    }

    internal static int Run(string socket, string namespaceId, string first)
    {
        using Stream output = Console.OpenStandardOutput();
        VfioUserSource source = new(socket, "writer");
        using AutoResetEvent appeared = new(initialState: false);
        using IDisposable? watch = source.Watch(() => appeared.Set());
        ulong next = ulong.Parse(first, CultureInfo.InvariantCulture);
        ulong[] durable = new ulong[Blocks];
        byte[] lost = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(lost, Lost);
        while (true)
        {
            IAssignedDevice device = Open(source, appeared);
            using NvmeDriver driver = new(device, byte.Parse(namespaceId, CultureInfo.InvariantCulture));
            try
            {
                driver.Start();
                Check(driver, durable);
                Write(driver, ref next, durable, output);
            }
            catch (IOException error)
            {
                Console.Error.WriteLine($"{error.Message}; lost because {device.LossReason}");
            }
            finally
            {
                device.Dispose();
            }

            // What was under way may have arrived or not.
            next += NvmeDriver.Depth;
            output.Write(lost);
        }
    }

    /// <summary>The number that a block holds; fails when it holds several.</summary>
    private static ulong NumberIn(ReadOnlySpan<byte> block)
    {
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(block);
        return block.Length == NvmeDriver.Page && !MemoryMarshal.Cast<byte, ulong>(block).ContainsAnyExcept(number)
            ? number
            : throw new InvalidDataException("a block holds parts of several writes");
    }

    private static IAssignedDevice Open(VfioUserSource source, AutoResetEvent appeared)
    {
        while (true)
        {
            try
            {
                return source.Open();
            }
            catch (AssignedDeviceException)
            {
                _ = appeared.WaitOne(_pause);
            }
        }
    }

    private static void Check(NvmeDriver driver, ulong[] durable)
    {
        for (int block = 0; block < Blocks; block++)
        {
            driver.BeginRead(0, (ulong)block);
            ulong number = NumberIn(driver.Buffer(driver.Complete()));
            if ((number != 0 && number % Blocks != (ulong)block) || number < durable[block])
            {
                throw new InvalidDataException($"block {block} holds {number}, after {durable[block]} was durable");
            }
        }
    }

    private static void Write(NvmeDriver driver, ref ulong next, ulong[] durable, Stream output)
    {
        ulong[] written = new ulong[NvmeDriver.Depth];
        byte[] acknowledgement = new byte[sizeof(ulong)];
        for (int index = 0; index < NvmeDriver.Depth; index++)
        {
            Begin(driver, index, written, ref next);
        }

        while (true)
        {
            int index = driver.Complete();
            durable[written[index] % Blocks] = written[index];
            BinaryPrimitives.WriteUInt64LittleEndian(acknowledgement, written[index]);
            output.Write(acknowledgement);
            Begin(driver, index, written, ref next);
        }
    }

    private static void Begin(NvmeDriver driver, int index, ulong[] written, ref ulong next)
    {
        written[index] = next++;
        MemoryMarshal.Cast<byte, ulong>(driver.Buffer(index)).Fill(written[index]);
        driver.BeginWrite(index, written[index] % Blocks);
    }
}
