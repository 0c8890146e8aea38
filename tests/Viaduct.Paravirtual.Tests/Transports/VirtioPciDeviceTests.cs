using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Paravirtual.Transports.Pci;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Paravirtual.Tests.Transports;

public sealed class VirtioPciDeviceTests
{
    private const byte NeedsReset = 64;

    [Fact]
    public void TheFunction_IsAModernVirtioDeviceWithItsCapabilities()
    {
        using PciRig rig = new();
        Assert.Equal(0x1042_1AF4u, rig.Function.ReadConfig(0, 4));
        Assert.Equal(1u, rig.Function.ReadConfig(8, 1));
        Assert.True(rig.Function.ReadConfig(0x2E, 2) >= 0x40);
        Assert.Equal([1, 2, 3, 4, 5], rig.Structures.Keys.Order());
        foreach ((int structure, int at) in rig.Structures)
        {
            Assert.Equal(structure is 2 or 5 ? 20u : 16u, rig.Function.ReadConfig(at + 2, 1));
            Assert.True(rig.Function.ReadConfig(at + 8, 4) + rig.Function.ReadConfig(at + 12, 4) <= rig.Bar.Size);
        }

        Assert.True(rig.Function.ReadConfig(rig.Structures[1] + 12, 4) >= 56);
        Assert.Equal(2u, rig.Function.ReadConfig(rig.Msix + 2, 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARequest_OverTheTransport_EndsInTheQueuesInterrupt(bool packed)
    {
        using PciRig rig = new(new VirtioPciOptions { Packed = packed });
        new Random(1).NextBytes(rig.Backend.Bytes);
        rig.EnableMessages();
        RingDriver driver = rig.BringUp();
        for (int i = 0; i < 200; i++)
        {
            rig.Exchange(driver);
        }

        Assert.True(rig.Guest.Slice(PciRig.Data, 512).SequenceEqual(rig.Backend.Bytes[..512]));
        Assert.All(rig.Guest.Messages.Data, data => Assert.Equal(1u, data));
        Assert.Equal(200, rig.Guest.Counters.Read().Doorbells);
        Assert.Equal(200, rig.Guest.Counters.Read().Interrupts);
        Assert.Equal(200, rig.Guest.Counters.Read().Requests);
        Assert.Empty(rig.Guest.Log.Lines);
    }

    [Fact]
    public void Status_WithoutVersion1OrWithWhatIsNotOffered_RefusesTheFeatures()
    {
        using PciRig rig = new();
        foreach (ulong features in new[] { 0UL, rig.Offered() & ~PciRig.Version1, PciRig.Version1 | (1UL << 33), PciRig.Version1 | (1UL << 63) })
        {
            rig.DeviceStatus = 0;
            rig.DeviceStatus = 3;
            rig.Choose(features);
            rig.DeviceStatus = 11;
            Assert.Equal(3, rig.DeviceStatus);
            rig.DeviceStatus = 15;
            Assert.Equal(3, rig.DeviceStatus);
        }
    }

    [Fact]
    public void Features_OnceAgreedOn_StayUntilReset()
    {
        using PciRig rig = new();
        rig.DeviceStatus = 3;
        rig.Choose(PciRig.Version1);
        rig.DeviceStatus = 11;
        rig.Choose(ulong.MaxValue);
        rig.SetCommon(8, 4, 1);
        Assert.Equal(1u, rig.Common(12, 4));
        rig.DeviceStatus = 1;
        Assert.Equal(11, rig.DeviceStatus);
        rig.DeviceStatus = 0;
        rig.SetCommon(8, 4, 1);
        Assert.Equal(0u, rig.Common(12, 4));
    }

    [Fact]
    public void Status_ByTheDriver_NeverSetsNeedsReset()
    {
        using PciRig rig = new();
        rig.DeviceStatus = 0x77;
        Assert.Equal(3, rig.DeviceStatus);
        rig.DeviceStatus = 0x83;
        Assert.Equal(0x83, rig.DeviceStatus);
    }

    [Fact]
    public void AQueueThatIsNotThere_HasNoSize()
    {
        using PciRig rig = new();
        Assert.Equal(2u, rig.Common(0x12, 2));
        rig.SetCommon(0x16, 2, 2);
        Assert.Equal(0u, rig.Common(0x18, 2));
        rig.SetCommon(0x1C, 2, 1);
        Assert.Equal(0u, rig.Common(0x1C, 2));
        rig.SetCommon(0x16, 2, 1);
        Assert.Equal(64u, rig.Common(0x18, 2));
        rig.SetCommon(0x18, 2, 128);
        Assert.Equal(64u, rig.Common(0x18, 2));
    }

    [Fact]
    public void AVectorThatIsNotThere_ReadsBackAsNone()
    {
        using PciRig rig = new();
        Assert.Equal(0xFFFFu, rig.Common(0x10, 2));
        rig.SetCommon(0x10, 2, 3);
        Assert.Equal(0xFFFFu, rig.Common(0x10, 2));
        rig.SetCommon(0x10, 2, 2);
        Assert.Equal(2u, rig.Common(0x10, 2));
        rig.SetCommon(0x1A, 2, 9);
        Assert.Equal(0xFFFFu, rig.Common(0x1A, 2));
    }

    [Theory]
    [InlineData(0x00, 2)]
    [InlineData(0x14, 4)]
    [InlineData(0x15, 2)]
    [InlineData(0x18, 4)]
    [InlineData(0x20, 2)]
    [InlineData(0x24, 8)]
    public void AnAccess_InAnotherSizeThanTheFields_IsRefused(ulong offset, int size)
    {
        using PciRig rig = new();
        Assert.NotEqual(AccessStatus.Done, rig.Bar.Read(rig.OffsetOf(1) + offset, size, out _));
        Assert.NotEqual(AccessStatus.Done, rig.Bar.Write(rig.OffsetOf(1) + offset, size, 1));
    }

    [Fact]
    public void WithoutMessages_TheIsrAndTheLineTell()
    {
        using PciRig rig = new();
        rig.Function.WriteConfig(4, 2, 6);
        RingDriver driver = rig.BringUp();
        Assert.Equal(0u, rig.Read(3, 0, 1));
        rig.AddRead(driver);
        rig.Notify(0);
        Assert.True(SpinWait.SpinUntil(() => (rig.Function.ReadConfig(6, 2) & 8) != 0, TimeSpan.FromSeconds(60)));
        Assert.Equal(1u, rig.Read(3, 0, 1));
        Assert.Equal(0u, rig.Function.ReadConfig(6, 2) & 8);
        Assert.Equal(0u, rig.Read(3, 0, 1));
        Assert.True(driver.TryTake(out _, out _));
        rig.Backend.Resize(4 << 20);
        Assert.Equal(2u, rig.Read(3, 0, 1));
    }

    [Fact]
    public void Resize_ChangesTheGenerationAndInterrupts()
    {
        using PciRig rig = new();
        rig.EnableMessages();
        rig.BringUp();
        ulong generation = rig.Common(0x15, 1);
        Assert.Equal(2048UL, rig.Capacity());
        rig.Backend.Resize(4 << 20);
        rig.Guest.Messages.Wait();
        Assert.Equal([0u], rig.Guest.Messages.Data);
        Assert.Equal(8192UL, rig.Capacity());
        Assert.NotEqual(generation, rig.Common(0x15, 1));
    }

    [Fact]
    public void DeviceConfiguration_IsReadInAnySizeAndEndsInZeroes()
    {
        using PciRig rig = new();
        Assert.Equal(2048UL, rig.Read(4, 0, 8));
        Assert.Equal(8UL, rig.Read(4, 1, 1));
        Assert.Equal(0UL, rig.Read(4, 58, 4));
        Assert.Equal(0UL, rig.Read(4, 0xFF8, 8));
        rig.Write(4, 0xFF8, 8, ulong.MaxValue);
        Assert.Equal(0UL, rig.Read(4, 0xFF8, 8));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void QueueReset_LetsAQueueBeSetUpAnew(bool packed)
    {
        using PciRig rig = new(new VirtioPciOptions { Packed = packed });
        rig.EnableMessages();
        RingDriver driver = rig.BringUp();
        rig.Exchange(driver);
        rig.SetCommon(0x16, 2, 0);
        rig.SetCommon(0x3A, 2, 1);
        Assert.Equal(0u, rig.Common(0x3A, 2));
        Assert.Equal(0u, rig.Common(0x1C, 2));
        Assert.Equal(64u, rig.Common(0x18, 2));
        Assert.Equal(0xFFFFu, rig.Common(0x1A, 2));
        Assert.Equal(0u, rig.Common(0x20, 8));

        driver = rig.SetUpQueue(rig.Offered(), 16);
        for (int i = 0; i < 40; i++)
        {
            rig.Exchange(driver);
        }

        Assert.Equal(15, rig.DeviceStatus);
    }

    [Fact]
    public void QueueReset_ThatWasNotAgreedOn_DoesNothing()
    {
        using PciRig rig = new();
        rig.EnableMessages();
        RingDriver driver = rig.BringUp(~PciRig.RingReset);
        rig.SetCommon(0x3A, 2, 1);
        Assert.Equal(1u, rig.Common(0x1C, 2));
        rig.Exchange(driver);
    }

    [Fact]
    public void AQueueThatIsEnabled_IsNotChanged()
    {
        using PciRig rig = new();
        rig.EnableMessages();
        RingDriver driver = rig.BringUp();
        rig.SetCommon(0x18, 2, 8);
        rig.SetCommon(0x20, 8, 0);
        Assert.Equal(64u, rig.Common(0x18, 2));
        Assert.Equal(driver.Layout.DescriptorArea, rig.Common(0x20, 8));
        rig.Exchange(driver);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ABrokenRing_NeedsAResetAndSaysSoOnce(bool packed)
    {
        using PciRig rig = new(new VirtioPciOptions { Packed = packed });
        rig.EnableMessages();
        RingDriver driver = rig.BringUp();
        driver.Add(GuestBuffer.Read(PciRig.Header, 16));
        rig.Notify(0);
        rig.Guest.Messages.Wait();
        Assert.Equal([0u], rig.Guest.Messages.Data);
        Assert.Equal(15 | NeedsReset, rig.DeviceStatus);
        rig.Notify(0);
        rig.Notify(0);

        driver = rig.BringUp();
        rig.Exchange(driver);
        Assert.Equal(15, rig.DeviceStatus);
        Assert.Equal("disk0: queue 0 can't be gone on with: NoRoomForAnswer; the device needs a reset", Assert.Single(rig.Guest.Log.Lines));
    }

    [Fact]
    public void AQueueThatIsNotAligned_NeedsAReset()
    {
        using PciRig rig = new();
        rig.EnableMessages();
        rig.DeviceStatus = 3;
        rig.Choose(PciRig.Version1);
        rig.DeviceStatus = 11;
        rig.SetCommon(0x20, 8, 0x1008);
        rig.SetCommon(0x1C, 2, 1);
        rig.DeviceStatus = 15;
        Assert.Equal(15 | NeedsReset, rig.DeviceStatus);
        rig.BringUp();
        Assert.Equal(15, rig.DeviceStatus);
    }

    [Fact]
    public void ADoorbell_BeforeTheDriverIsReady_DoesNothing()
    {
        using PciRig rig = new();
        rig.Notify(0);
        rig.Notify(1);
        Assert.Equal(0, rig.Guest.Counters.Read().Doorbells);
    }

    [Fact]
    public void Reset_OfTheFunction_TakesEverythingBack()
    {
        using PciRig rig = new();
        rig.EnableMessages();
        RingDriver driver = rig.BringUp();
        rig.Exchange(driver);
        rig.Function.SystemReset();
        Assert.Equal(0, rig.DeviceStatus);
        Assert.Equal(0u, rig.Common(0x1C, 2));
        Assert.Equal(0xFFFFu, rig.Common(0x10, 2));
        rig.EnableMessages();
        rig.Exchange(rig.BringUp());
        Assert.Empty(rig.Guest.Log.Lines);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reset_WhileRequestsAreUnderWay_ReturnsAndTheDeviceWorksAgain(bool ofTheFunction)
    {
        using PciRig rig = new();
        rig.EnableMessages();
        for (int i = 0; i < 200; i++)
        {
            RingDriver driver = rig.BringUp();
            for (int request = 0; request < 10; request++)
            {
                rig.AddRead(driver);
            }

            rig.Notify(0);
            if (ofTheFunction)
            {
                rig.Function.SystemReset();
                rig.EnableMessages();
            }
        }

        int before = rig.Guest.Messages.Data.Length;
        RingDriver last = rig.BringUp();
        rig.AddRead(last);
        rig.Notify(0);
        Assert.True(SpinWait.SpinUntil(() => rig.Guest.Messages.Data.Length > before, TimeSpan.FromSeconds(60)));
        Assert.True(last.TryTake(out _, out _));
        Assert.Equal(0, rig.Guest.At<byte>(PciRig.Status));
    }

    [Fact]
    public void ConfigAccess_ReachesTheBar()
    {
        using PciRig rig = new();
        int at = rig.Structures[5];
        rig.Function.WriteConfig(at + 4, 1, 0);
        rig.Function.WriteConfig(at + 8, 4, (uint)rig.OffsetOf(1) + 0x14);
        rig.Function.WriteConfig(at + 12, 4, 1);
        rig.Function.WriteConfig(at + 16, 1, 3);
        Assert.Equal(3, rig.DeviceStatus);
        Assert.Equal(3u, rig.Function.ReadConfig(at + 16, 1));
        rig.Function.WriteConfig(at + 8, 4, (uint)rig.OffsetOf(4));
        rig.Function.WriteConfig(at + 12, 4, 4);
        Assert.Equal(2048u, rig.Function.ReadConfig(at + 16, 4));

        // Another BAR, a length that is none, an end outside.
        rig.Function.WriteConfig(at + 4, 1, 1);
        rig.Function.WriteConfig(at + 16, 4, 0xFFFFFFFF);
        rig.Function.WriteConfig(at + 4, 1, 0);
        rig.Function.WriteConfig(at + 12, 4, 3);
        rig.Function.WriteConfig(at + 16, 4, 0xFFFFFFFF);
        rig.Function.WriteConfig(at + 12, 4, 4);
        rig.Function.WriteConfig(at + 8, 4, 0xFFFFFFFC);
        rig.Function.WriteConfig(at + 16, 4, 0xFFFFFFFF);
        Assert.Equal(3, rig.DeviceStatus);
    }
}
