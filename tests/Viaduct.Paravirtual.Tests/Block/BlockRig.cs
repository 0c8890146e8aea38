using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Block;

/// <summary>A block device with one queue, whose work runs when the test says so, and its driver.</summary>
internal sealed class BlockRig : IDisposable
{
    internal const ulong AllFeatures = ulong.MaxValue;
    internal const ulong Header = 0x200000;
    internal const ulong Data = 0x300000;
    internal const ulong Status = 0x210000;
    internal const byte Untouched = 0xEE;

    internal BlockRig(MemoryBackend backend, RingFeatures ring = RingFeatures.Indirect | RingFeatures.EventIndex, ulong features = AllFeatures, ushort size = 64)
    {
        Backend = backend;
        Device = new BlockDevice(new BlockOptions { Name = "disk0", Serial = "serial-0123456789-and-more", QueueSize = size }, backend, Guest.Counters, threads: false);
        Device.Attach(Host);
        Device.SetFeatures(features & Device.Features);
        Driver = RingDriver.Make(Guest, size, ring);
        Queue = Driver.Queue(Host);
        Device.StartQueue(0, Queue);
    }

    internal TestGuest Guest { get; } = new();

    internal TestHost Host { get; } = new();

    internal MemoryBackend Backend { get; }

    internal BlockDevice Device { get; }

    internal RingDriver Driver { get; }

    internal VirtQueue Queue { get; }

    public void Dispose()
    {
        Device.Dispose();
        Guest.Dispose();
    }

    /// <summary>Runs the work until there is none.</summary>
    internal void Run()
    {
        for (int rounds = 0; Device.Works[0].DoWork(); rounds++)
        {
            Assert.True(rounds < 10_000, "the work never ends");
        }
    }

    internal void WriteHeader(uint type, ulong sector)
    {
        Guest.At<uint>(Header) = type;
        Guest.At<uint>(Header + 4) = 0;
        Guest.At<ulong>(Header + 8) = sector;
        Guest.At<byte>(Status) = Untouched;
    }

    /// <summary>Makes a request with what the driver gives, and answers its status and the length it came back with.</summary>
    internal (byte Status, uint Written) Give(uint type, ulong sector, ReadOnlySpan<byte> data)
    {
        data.CopyTo(Guest.Slice(Data, data.Length));
        return Chain(type, sector, GuestBuffer.Read(Header, 16), GuestBuffer.Read(Data, (uint)data.Length), GuestBuffer.Write(Status, 1));
    }

    /// <summary>Makes a request with room for what the device gives.</summary>
    internal (byte Status, uint Written) Take(uint type, ulong sector, int length) =>
        Chain(type, sector, GuestBuffer.Read(Header, 16), GuestBuffer.Write(Data, (uint)length), GuestBuffer.Write(Status, 1));

    internal (byte Status, uint Written) Chain(uint type, ulong sector, params ReadOnlySpan<GuestBuffer> buffers)
    {
        WriteHeader(type, sector);
        ushort added = Driver.Add(buffers);
        Run();
        Assert.True(Driver.TryTake(out ushort id, out uint written), $"nothing came back: {Host.Failure}");
        Assert.Equal(added, id);
        Assert.False(Driver.TryTake(out _, out _));
        return (Guest.At<byte>(Status), written);
    }
}
