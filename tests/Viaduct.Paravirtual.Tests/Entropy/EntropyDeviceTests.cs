using Viaduct.Paravirtual.Entropy;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Entropy;

public sealed class EntropyDeviceTests
{
    public static TheoryData<int> Kinds => RingKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ABuffer_IsFilled(int kind)
    {
        using TestGuest guest = new();
        TestHost host = new();
        using EntropyDevice device = new("rng0", guest.Counters);
        RingDriver driver = RingDriver.Make(guest, 8, RingKinds.Of(kind));
        device.Attach(host);
        device.StartQueue(0, driver.Queue(host));
        driver.Add(GuestBuffer.Write(0x200000, 1000), GuestBuffer.Write(0x300000, 24));
        device.Notify(0);
        host.Wait();

        Assert.True(driver.TryTake(out _, out uint written));
        Assert.Equal(1024u, written);

        // 1000 random bytes hold about 250 of the 256 values, and fewer than 200 once in more than a lifetime.
        Assert.True(guest.Slice(0x200000, 1000).ToArray().Distinct().Count() > 200);
        Assert.Equal(0, guest.At<byte>(0x200000 + 1000));
        Assert.True(guest.Slice(0x300000, 24).ContainsAnyExcept((byte)0));
        device.StopQueue(0);
        Assert.Equal(1, guest.Counters.Read().Requests);
    }

    [Fact]
    public void ABell_WakesTheThread_AndCountsAsADoorbell()
    {
        using TestGuest guest = new();
        TestHost host = new();
        using EntropyDevice device = new("rng0", guest.Counters);
        RingDriver driver = RingDriver.Make(guest, 8, RingFeatures.None);
        device.Attach(host);
        device.StartQueue(0, driver.Queue(host));
        driver.Add(GuestBuffer.Write(0x200000, 64));
        device.BellOf(0)!.Signal();
        host.Wait();
        Assert.True(driver.TryTake(out _, out uint written));
        Assert.Equal(64u, written);
        device.StopQueue(0);
        Assert.Equal(1, guest.Counters.Read().Doorbells);
    }

    [Fact]
    public void AHugeBuffer_IsFilledInPart()
    {
        using TestGuest guest = new();
        TestHost host = new();
        using EntropyDevice device = new("rng0", guest.Counters, threads: false);
        RingDriver driver = RingDriver.Make(guest, 8, RingFeatures.None);
        device.StartQueue(0, driver.Queue(host));
        driver.Add(GuestBuffer.Write(0x200000, uint.MaxValue));
        while (device.Work.DoWork())
        {
        }

        Assert.True(driver.TryTake(out _, out uint written));
        Assert.Equal((uint)EntropyWork.MaximumAnswer, written);
        Assert.Equal(0, guest.At<byte>(0x200000 + EntropyWork.MaximumAnswer));
    }

    [Fact]
    public void ABufferThatCannotBeFilled_BreaksTheQueue()
    {
        using TestGuest guest = new();
        foreach (GuestBuffer buffer in new[] { GuestBuffer.Read(0x200000, 8), GuestBuffer.Write(TestGuest.MemoryLength - 8, 16), GuestBuffer.Write(0, 0) })
        {
            TestHost host = new();
            using EntropyDevice device = new("rng0", guest.Counters, threads: false);
            RingDriver driver = RingDriver.Make(guest, 8, RingFeatures.None);
            device.StartQueue(0, driver.Queue(host));
            driver.Add(buffer);
            while (device.Work.DoWork())
            {
            }

            Assert.NotNull(host.Failure);
        }
    }
}
