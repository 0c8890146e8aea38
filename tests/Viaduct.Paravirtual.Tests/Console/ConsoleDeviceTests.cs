using System.Text;
using Viaduct.Paravirtual.Console;
using Viaduct.Paravirtual.Tests.Support;

namespace Viaduct.Paravirtual.Tests.Console;

public sealed class ConsoleDeviceTests
{
    public static TheoryData<int> Kinds => RingKinds.All;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatTheGuestPrints_ComesOut(int kind)
    {
        using Rig rig = new(kind);
        "hello "u8.CopyTo(rig.Guest.Slice(0x300000, 6));
        "world"u8.CopyTo(rig.Guest.Slice(0x301000, 5));
        rig.Transmit.Add(GuestBuffer.Read(0x300000, 6), GuestBuffer.Read(0x301000, 5));
        rig.Run();
        Assert.Equal("hello world", rig.Printed);
        Assert.True(rig.Transmit.TryTake(out _, out uint written));
        Assert.Equal(0u, written);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatIsSent_ReachesTheGuestOverAsManyBuffersAsItTakes(int kind)
    {
        using Rig rig = new(kind);
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000)));
        Assert.Equal(text.Length, rig.Device.Send(text));
        List<byte> received = [];
        while (received.Count < text.Length)
        {
            rig.Receive.Add(GuestBuffer.Write(0x300000, 100), GuestBuffer.Write(0x300100, 1000));
            rig.Run();
            Assert.True(rig.Receive.TryTake(out _, out uint written));
            received.AddRange(rig.Guest.Slice(0x300000, (int)Math.Min(written, 100)));
            received.AddRange(rig.Guest.Slice(0x300100, (int)Math.Max(written, 100) - 100));
        }

        Assert.Equal(text, received);
    }

    [Fact]
    public void Send_WhileBuffersWait_UsesOne()
    {
        using Rig rig = new(0);
        rig.Receive.Add(GuestBuffer.Write(0x300000, 100));
        rig.Receive.Add(GuestBuffer.Write(0x301000, 100));
        rig.Run();
        Assert.False(rig.Receive.TryTake(out _, out _));
        rig.Device.Send("x"u8);
        rig.Run();
        Assert.True(rig.Receive.TryTake(out _, out uint written));
        Assert.Equal(1u, written);
        Assert.False(rig.Receive.TryTake(out _, out _));
        Assert.Equal((byte)'x', rig.Guest.At<byte>(0x300000));
    }

    [Fact]
    public void Send_MoreThanIsKept_SaysHowMuchWasTaken()
    {
        using Rig rig = new(0);
        Assert.Equal(65_000, rig.Device.Send(new byte[65_000]));
        Assert.Equal(536, rig.Device.Send(new byte[65_000]));
        Assert.Equal(0, rig.Device.Send(new byte[1]));
    }

    [Fact]
    public void WriteConfig_OfTheEmergencyField_PrintsACharacter()
    {
        using Rig rig = new(0);
        rig.Device.WriteConfig(8, [(byte)'!', 0, 0, 0]);
        rig.Device.WriteConfig(0, [(byte)'?', 0]);
        Assert.Equal("!", rig.Printed);
    }

    [Fact]
    public void Resize_TellsTheHost()
    {
        using Rig rig = new(0);
        rig.Device.Resize(132, 43);
        byte[] config = new byte[rig.Device.ConfigLength];
        rig.Device.ReadConfig(config);
        Assert.Equal([132, 0, 43, 0, 1, 0, 0, 0, 0, 0, 0, 0], config);
        Assert.Equal(1, rig.Host.ConfigChanges);
    }

    [Fact]
    public void AReaderThatIsGone_DoesNotStopTheGuest()
    {
        using Rig rig = new(0);
        rig.Output.Dispose();
        rig.Transmit.Add(GuestBuffer.Read(0x300000, 6));
        rig.Run();
        Assert.True(rig.Transmit.TryTake(out _, out _));
    }

    [Fact]
    public void ABufferOutsideMemory_BreaksTheQueue()
    {
        using Rig rig = new(0);
        rig.Transmit.Add(GuestBuffer.Read(TestGuest.MemoryLength, 1));
        rig.Run();
        Assert.NotNull(rig.Host.Failure);
    }

    private sealed class Rig : IDisposable
    {
        internal Rig(int kind)
        {
            Device = new ConsoleDevice(new ConsoleOptions { Name = "console0", Output = Output, Columns = 80, Rows = 25 }, Guest.Counters, threads: false);
            Device.Attach(Host);
            Receive = RingDriver.Make(Guest, 8, RingKinds.Of(kind));
            Transmit = RingDriver.Make(Guest, 8, RingKinds.Of(kind), areas: 0x90000, tables: 0x110000);
            Device.StartQueue(0, Receive.Queue(Host));
            Device.StartQueue(1, Transmit.Queue(Host));
        }

        internal TestGuest Guest { get; } = new();

        internal TestHost Host { get; } = new();

        internal MemoryStream Output { get; } = new();

        internal ConsoleDevice Device { get; }

        internal RingDriver Receive { get; }

        internal RingDriver Transmit { get; }

        internal string Printed => Encoding.ASCII.GetString(Output.ToArray());

        public void Dispose()
        {
            Device.Dispose();
            Output.Dispose();
            Guest.Dispose();
        }

        internal void Run()
        {
            for (int rounds = 0; Device.Work.DoWork(); rounds++)
            {
                Assert.True(rounds < 10_000, "the work never ends");
            }
        }
    }
}
