using FsCheck;
using FsCheck.Fluent;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Transports;

public sealed class HostileTransportTests
{
    private static readonly int[] _sizes = [1, 2, 4, 8];

    /// <summary>Whatever is written to registers and configuration: nothing throws or hangs, and after a reset the device works.</summary>
    [Fact]
    public void RandomWrites_NeverCrashNorHang_AndAResetMakesGood()
    {
        using PciRig rig = new();
        Prop.ForAll<int>(seed =>
        {
            Random random = new(seed);
            for (int i = 0; i < 300; i++)
            {
                Step(rig, random);
            }

            rig.Function.SystemReset();
            rig.EnableMessages();
            RingDriver driver = rig.BringUp();
            int before = rig.Guest.Messages.Data.Length;
            rig.AddRead(driver);
            rig.Notify(0);
            Assert.True(SpinWait.SpinUntil(() => rig.Guest.Messages.Data.Length > before, TimeSpan.FromSeconds(60)));
            Assert.True(driver.TryTake(out _, out _));
            Assert.Equal(0, rig.Guest.At<byte>(PciRig.Status));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static void Step(PciRig rig, Random random)
    {
        int size = _sizes[random.Next(4)];
        ulong value = random.Next(3) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => (ulong)random.Next(0x10000),
            _ => (ulong)random.Next(16),
        };
        switch (random.Next(8))
        {
            case 0:
                rig.Function.WriteConfig(random.Next(4096), Math.Min(size, 4), (uint)value);
                break;
            case 1:
                rig.Function.ReadConfig(random.Next(4096), Math.Min(size, 4));
                break;
            case 2:
                rig.Bar.Write((ulong)random.Next((int)rig.Bar.Size), size, value);
                break;
            case 3:
                rig.Bar.Read((ulong)random.Next((int)rig.Bar.Size), size, out _);
                break;
            case 4:
                rig.Bar.Write(rig.OffsetOf(2) + (ulong)(random.Next(3) * 4), 2, value);
                break;
            case 5:
                // The way to a running device, by steps that come in any order.
                rig.Function.WriteConfig(4, 2, 6);
                rig.Choose(PciRig.Version1 | (rig.Offered() & (ulong)random.NextInt64()));
                rig.DeviceStatus = 11;
                break;
            case 6:
                rig.Bar.Write(rig.OffsetOf(1) + 0x16, 2, (ulong)random.Next(3));
                rig.Bar.Write(rig.OffsetOf(1) + 0x20 + ((ulong)random.Next(3) * 8), 8, value & ~15UL);
                rig.Bar.Write(rig.OffsetOf(1) + 0x1C, 2, 1);
                rig.DeviceStatus = 15;
                break;
            default:
                rig.Bar.Write(rig.OffsetOf(1) + (ulong)random.Next(0x3C), size, value);
                break;
        }
    }
}
