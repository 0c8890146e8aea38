using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Viaduct.Assigned;
using Viaduct.Assigned.VfioUser.Client;

namespace Viaduct.Interop;

/// <summary>
/// A guest's part, as a process that can be killed or survive its server: it checks all blocks, then for ever writes
/// ever higher numbers over them, durably and several at a time, and says on standard output which number is durable.
/// </summary>
internal static class VerifiedWriter
{
    internal const string Command = "verified-writer";
    internal const int Blocks = 64;

    /// <summary>The exit status when the device was lost.</summary>
    internal const int DeviceLost = 3;

    internal static Process Start(string socket, ulong first)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, [Command, socket, first.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    internal static int Run(string socket, string first)
    {
        using Stream output = Console.OpenStandardOutput();
        IAssignedDevice device = new VfioUserSource(socket, "writer").Open();
        try
        {
            using NvmeDriver driver = new(device);
            Check(driver);
            Write(driver, ulong.Parse(first, CultureInfo.InvariantCulture), output);
        }
        catch (IOException error)
        {
            Console.Error.WriteLine($"{error.Message}: {(device as VfioUserDevice)?.LossReason}");
        }

        return DeviceLost;
    }

    /// <summary>The number that a block holds; fails when it holds several.</summary>
    internal static ulong NumberIn(ReadOnlySpan<byte> block)
    {
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(block);
        return block.Length == NvmeDriver.Page && !MemoryMarshal.Cast<byte, ulong>(block).ContainsAnyExcept(number)
            ? number
            : throw new InvalidDataException("a block holds parts of several writes");
    }

    private static void Check(NvmeDriver driver)
    {
        for (int block = 0; block < Blocks; block++)
        {
            driver.BeginRead(0, (ulong)block);
            ulong number = NumberIn(driver.Buffer(driver.Complete()));
            if (number != 0 && number % Blocks != (ulong)block)
            {
                throw new InvalidDataException($"block {block} holds {number}, which belongs elsewhere");
            }
        }
    }

    private static void Write(NvmeDriver driver, ulong number, Stream output)
    {
        ulong[] written = new ulong[NvmeDriver.Depth];
        byte[] acknowledgement = new byte[sizeof(ulong)];
        for (int index = 0; index < NvmeDriver.Depth; index++)
        {
            Begin(index);
        }

        while (true)
        {
            int index = driver.Complete();
            BinaryPrimitives.WriteUInt64LittleEndian(acknowledgement, written[index]);
            output.Write(acknowledgement);
            Begin(index);
        }

        void Begin(int index)
        {
            written[index] = number++;
            MemoryMarshal.Cast<byte, ulong>(driver.Buffer(index)).Fill(written[index]);
            driver.BeginWrite(index, written[index] % Blocks);
        }
    }
}
