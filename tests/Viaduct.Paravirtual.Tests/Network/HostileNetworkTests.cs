using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Frames;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Tests.Network;

/// <summary>What a guest that means no good gives the device: it is dropped and counted, or the queue is given up.</summary>
public sealed class HostileNetworkTests
{
    private const ulong Data = 0x700000;

    [Theory]
    [InlineData(1u, DropReason.Malformed)]
    [InlineData(12u, DropReason.Malformed)]
    [InlineData(25u, DropReason.Malformed)]
    [InlineData(70_000u, DropReason.TooLong)]
    [InlineData(uint.MaxValue, DropReason.TooLong)]
    public void Transmit_ChainOfAnOddLength_IsDroppedAndReturned(uint length, DropReason reason)
    {
        using NetworkRig rig = new();
        rig.Guest.Slice(Data, 64).Clear();
        _ = rig.Transmit[0].Add(GuestBuffer.Read(Data, length));
        rig.Run();
        Assert.True(rig.Transmit[0].TryTake(out _, out _));
        Assert.Equal(1, rig.Counters.DroppedFor(reason));
        Assert.Null(rig.Host.Failure);
    }

    [Fact]
    public void Transmit_FrameThatIsNotMemory_BreaksTheQueue()
    {
        using NetworkRig rig = new();
        rig.Guest.Slice(Data, 64).Clear();
        _ = rig.Transmit[0].Add(GuestBuffer.Read(Data, 12), GuestBuffer.Read(TestGuest.MemoryLength - 100, 200));
        rig.Run();
        Assert.Equal(nameof(QueueError.BufferNotMemory), rig.Host.Failure);
    }

    [Fact]
    public void Receive_BufferThatIsNotMemory_BreaksTheQueue()
    {
        using NetworkRig rig = new();
        _ = rig.Receive[0].Add(GuestBuffer.Write(TestGuest.MemoryLength - 16, 2000));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        rig.Run();
        Assert.Equal(nameof(QueueError.BufferNotMemory), rig.Host.Failure);
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.NotMemory));
    }

    [Fact]
    public void Receive_BuffersOfNothing_AreReturnedAndTheFrameIsDropped()
    {
        using NetworkRig rig = new();
        _ = rig.Receive[0].Add(GuestBuffer.Write(Data, 0));
        _ = rig.Receive[0].Add(GuestBuffer.Read(Data, 100));
        for (int i = 0; i < 2; i++)
        {
            rig.Loop.Queues[0].Incoming.Enqueue((NetworkRig.Frame(MacAddress.Broadcast), default));
        }

        rig.Run();
        Assert.Equal(2, rig.Counters.DroppedFor(DropReason.TooLong));
        Assert.True(rig.Receive[0].TryTake(out _, out uint written) && written == 0);
        Assert.True(rig.Receive[0].TryTake(out _, out written) && written == 0);
    }

    [Fact]
    public void Transmit_AnyHeader_NeverBreaksAnything() => Prop.ForAll<byte[], ushort>((header, length) =>
    {
        using NetworkRig rig = new();
        byte[] bytes = new byte[OffloadHeader.Length];
        header.AsSpan(0, Math.Min(header.Length, bytes.Length)).CopyTo(bytes);
        rig.Send(NetworkRig.Frame(MacAddress.Broadcast, 1, 14 + (length % 3000)), MemoryMarshal.Read<OffloadHeader>(bytes));
        NetworkCounts counts = rig.Counters.Read();
        return rig.Host.Failure is null && counts.SentFrames + counts.DroppedFrames == 1 && rig.Transmit[0].TryTake(out _, out _);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Control_AnyCommand_IsAnsweredAndNeverBreaksAnything() => Prop.ForAll<byte, byte, byte[]>((kind, command, data) =>
    {
        using NetworkRig rig = new(features: ulong.MaxValue, pairs: 2);
        _ = rig.Command((byte)(kind % 8), (byte)(command % 7), data);
        return rig.Host.Failure is null;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Control_CommandOfAnEndlessLength_IsRefused()
    {
        using NetworkRig rig = new();
        _ = rig.Control.Add(GuestBuffer.Read(Data, 100_000), GuestBuffer.Write(Data, 1));
        rig.Run();
        Assert.True(rig.Control.TryTake(out _, out uint written));
        Assert.Equal((1u, (byte)1), (written, rig.Guest.At<byte>(Data)));
    }

    [Fact]
    public void Control_NoRoomForTheAnswer_BreaksTheQueue()
    {
        using NetworkRig rig = new();
        _ = rig.Control.Add(GuestBuffer.Read(Data, 3));
        rig.Run();
        Assert.Equal(nameof(QueueError.NoRoomForAnswer), rig.Host.Failure);
    }

    [Fact]
    public void Network_FrameOfNothing_IsDropped()
    {
        using NetworkRig rig = new();
        rig.AddRoom(1500);
        rig.Loop.Queues[0].Incoming.Enqueue((new byte[13], default));
        rig.Run();
        Assert.Null(rig.TakeFrame());
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.Malformed));
    }
}
