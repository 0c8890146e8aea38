using FsCheck;
using FsCheck.Fluent;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Queues;

public sealed class QueueModelTests
{
    public static TheoryData<int> Kinds => RingKinds.All;

    /// <summary>Any order of adding, taking, returning and going on elsewhere: chains arrive in order and unchanged, and each comes back once.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void AQueue_BehavesAsItsModel(int kind)
    {
        Arbitrary<int[]> steps = Gen.Choose(0, int.MaxValue).ArrayOf(400).ToArbitrary();
        Prop.ForAll(steps, numbers => Holds(RingKinds.Of(kind), numbers)).Check(Config.QuickThrowOnFailure.WithMaxTest(30));
    }

    private static void Holds(RingFeatures features, int[] steps)
    {
        using TestGuest guest = new();
        TestHost host = new();

        // Begins close to where the indexes wrap.
        RingDriver driver = RingDriver.Make(guest, 16, features, start: 65_500);
        VirtQueue queue = driver.Queue(host);
        Queue<(ushort Id, GuestBuffer[] Buffers)> added = [];
        List<(ushort Id, ChainToken Token)> held = [];
        Queue<(ushort Id, uint Written)> returned = [];
        uint next = 0;
        foreach (int step in steps)
        {
            int argument = step >> 3;
            switch (step & 7)
            {
                case 0 or 1 or 2:
                    GuestBuffer[] buffers = Buffers(argument, next++);
                    if (driver.Free >= buffers.Length)
                    {
                        added.Enqueue((driver.Add(buffers), buffers));
                    }

                    break;
                case 3 or 4:
                    bool taken = queue.TryPop(out DescriptorChain chain);
                    Assert.Equal(added.Count != 0, taken);
                    if (taken)
                    {
                        (ushort id, GuestBuffer[] expected) = added.Dequeue();
                        Assert.Equal(expected.Where(buffer => !buffer.Writable).Select(buffer => new Descriptor(buffer.Address, buffer.Length)), chain.Readable.ToArray());
                        Assert.Equal(expected.Where(buffer => buffer.Writable).Select(buffer => new Descriptor(buffer.Address, buffer.Length)), chain.Writable.ToArray());
                        held.Add((id, chain.Token));
                    }

                    break;
                case 5 when held.Count != 0:
                    // In order, the model returns in order, too; what the queue does with another order has its own test.
                    int index = (features & RingFeatures.InOrder) != 0 ? 0 : argument % held.Count;
                    queue.Push(held[index].Token, next);
                    returned.Enqueue((held[index].Id, next++));
                    held.RemoveAt(index);
                    break;
                case 6:
                    bool back = driver.TryTake(out ushort usedId, out uint written);
                    Assert.Equal(returned.Count != 0, back);
                    if (back)
                    {
                        Assert.Equal(returned.Dequeue(), (usedId, written));
                    }

                    break;
                case 7 when held.Count == 0:
                    queue = new VirtQueue(0, driver.Layout, features, queue.State, guest.Dma, host);
                    break;
                default:
                    break;
            }
        }

        Assert.Null(host.Failure);
    }

    private static GuestBuffer[] Buffers(int argument, uint serial)
    {
        int readable = 1 + (argument & 3);
        int writable = (argument >> 2) & 3;
        return
        [
            .. Enumerable.Range(0, readable).Select(i => GuestBuffer.Read((ulong)i, serial)),
            .. Enumerable.Range(0, writable).Select(i => GuestBuffer.Write((ulong)i, serial)),
        ];
    }
}
