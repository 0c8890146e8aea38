using Viaduct.Backends.Block;
using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Block;

public sealed class RawDiskTests
{
    private const int Requests = 24;
    private const uint Piece = 8192;
    private const ulong Data = 0x400000;

    /// <summary>The whole way to a file and back, with the threads that a machine has.</summary>
    [Theory]
    [InlineData(RingFeatures.Indirect | RingFeatures.EventIndex)]
    [InlineData(RingFeatures.Packed | RingFeatures.Indirect | RingFeatures.EventIndex)]
    public void ManyRequestsAtOnce_ReachAFileAndComeBack(RingFeatures features)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(path, new byte[Requests * Piece]);
        try
        {
            using RawBlockBackend backend = RawBlockBackend.Open(new RawBlockOptions { Path = path });
            using TestGuest guest = new();
            TestHost host = new();
            using BlockDevice device = new(new BlockOptions { Name = "disk0", QueueSize = 128 }, backend, guest.Counters);
            device.Attach(host);
            device.SetFeatures(device.Features);
            RingDriver driver = RingDriver.Make(guest, 128, features);
            device.StartQueue(0, driver.Queue(host));
            byte[] expected = new byte[Requests * Piece];
            new Random(7).NextBytes(expected);
            expected.CopyTo(guest.Slice(Data, expected.Length));

            Transfer(guest, host, device, driver, type: 1);
            Assert.Equal(expected, File.ReadAllBytes(path));
            guest.Slice(Data, expected.Length).Clear();
            Transfer(guest, host, device, driver, type: 0);
            Assert.True(guest.Slice(Data, expected.Length).SequenceEqual(expected));

            device.StopQueue(0);
            Assert.Null(host.Failure);
            Assert.Equal(2L * Requests * Piece, guest.Counters.Read().BackendBytes);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Transfer(TestGuest guest, TestHost host, BlockDevice device, RingDriver driver, uint type)
    {
        for (uint i = 0; i < Requests; i++)
        {
            ulong header = 0x200000 + (i * 64UL);
            guest.At<uint>(header) = type;
            guest.At<ulong>(header + 8) = i * (Piece / 512);
            guest.At<byte>(header + 32) = 0xEE;
            GuestBuffer data = new(Data + (i * (ulong)Piece), Piece, Writable: type == 0);
            driver.Add(GuestBuffer.Read(header, 16), data, GuestBuffer.Write(header + 32, 1));
        }

        device.Notify(0);
        for (int done = 0; done < Requests;)
        {
            while (driver.TryTake(out _, out _))
            {
                done++;
            }

            if (done < Requests && !driver.AllowInterrupts())
            {
                host.Wait();
            }
        }

        for (uint i = 0; i < Requests; i++)
        {
            Assert.Equal(0, guest.At<byte>(0x200000 + (i * 64UL) + 32));
        }
    }
}
