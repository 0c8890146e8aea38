using FsCheck;
using FsCheck.Fluent;
using Viaduct.Emulated.Serial;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Serial;

public sealed class Uart16550Tests
{
    [Fact]
    public void Registers_AfterReset_AreThoseOfTheDataSheet()
    {
        using SerialPort port = new();
        port[SerialPort.Ier] = 0x0F;
        port[SerialPort.Fcr] = 0xC7;
        port.Uart.Reset();
        Assert.Equal(0x00, port[SerialPort.Ier]);
        Assert.Equal(0x01, port[SerialPort.Iir]);
        Assert.Equal(0x00, port[SerialPort.Lcr]);
        Assert.Equal(0x00, port[SerialPort.Mcr]);
        Assert.Equal(0x60, port[SerialPort.Lsr]);
        Assert.Equal(0xB0, port[SerialPort.Msr]);
        Assert.False(port.Line.Asserted);
    }

    [Fact]
    public void Divisor_IsBehindDlab_AndLeavesTheOthersAlone()
    {
        using SerialPort port = new();
        port[SerialPort.Ier] = 0x05;
        port[SerialPort.Lcr] = 0x83;
        port[SerialPort.Data] = 0x34;
        port[SerialPort.Ier] = 0x12;
        Assert.Equal(0x34, port[SerialPort.Data]);
        Assert.Equal(0x12, port[SerialPort.Ier]);
        port[SerialPort.Lcr] = 0x03;
        Assert.Equal(0x05, port[SerialPort.Ier]);
        Assert.Empty(port.Finish());
    }

    [Fact]
    public void Scratch_AndUnusedBits_BehaveAsDriversProbeThem()
    {
        using SerialPort port = new();
        port[SerialPort.Scr] = 0xA5;
        port[SerialPort.Ier] = 0xFF;
        port[SerialPort.Mcr] = 0xFF;
        Assert.Equal(0xA5, port[SerialPort.Scr]);
        Assert.Equal(0x0F, port[SerialPort.Ier]);
        Assert.Equal(0x1F, port[SerialPort.Mcr]);
        port[SerialPort.Fcr] = 0x01;
        Assert.Equal(0xC0, port[SerialPort.Iir] & 0xF0);
        port[SerialPort.Fcr] = 0x00;
        Assert.Equal(0x00, port[SerialPort.Iir] & 0xF0);
    }

    [Fact]
    public void Output_OfAnyBytes_ArrivesWholeAndInOrder() => Prop.ForAll<byte[]>(bytes =>
    {
        using SerialPort port = new();
        foreach (byte value in bytes)
        {
            port[SerialPort.Data] = value;
        }

        Assert.Equal(bytes, port.Finish());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Output_OfFiveBitWords_LosesTheHighBits()
    {
        using SerialPort port = new();
        port[SerialPort.Lcr] = 0;
        port[SerialPort.Data] = 0xFF;
        Assert.Equal([0x1F], port.Finish());
    }

    [Fact]
    public void Output_ToAStoppedSink_MakesTheTransmitterBusyUntilItGoesOn()
    {
        using SerialPort port = new();
        port.Sink.Close();
        port[SerialPort.Data] = 1;
        port.Sink.WaitUntilWriting();
        port[SerialPort.Ier] = 2;
        Assert.Equal(0x02, port[SerialPort.Iir]);
        int sent = 0;
        while ((port[SerialPort.Lsr] & 0x20) != 0)
        {
            port[SerialPort.Data] = (byte)sent++;
        }

        Assert.Equal(SerialOutput.Capacity - 15, sent);
        Assert.Equal(0x01, port[SerialPort.Iir]);
        Assert.False(port.Line.Asserted);

        // A guest that doesn't care loses what it sends, and the monitor keeps no more.
        for (int i = 0; i < 1000; i++)
        {
            port[SerialPort.Data] = 0xEE;
        }

        port.Sink.Open();
        Assert.True(port.Line.WaitUntilAsserted(TestContext.Current.CancellationToken));
        Assert.Equal(0x02, port[SerialPort.Iir]);
        Assert.Equal(1 + SerialOutput.Capacity, port.Finish().Length);
    }

    [Fact]
    public void Output_OfABurst_TakesFewWrites()
    {
        using SerialPort port = new();
        port.Sink.Close();
        port[SerialPort.Data] = 0;
        port.Sink.WaitUntilWriting();
        for (int i = 0; i < 10_000; i++)
        {
            port[SerialPort.Data] = (byte)i;
        }

        port.Sink.Open();
        Assert.Equal(10_001, port.Finish().Length);
        Assert.Equal(2, port.Sink.Writes);
    }

    [Fact]
    public void Output_ToABrokenSink_IsLostWithoutHarm()
    {
        using SerialPort port = new();
        port.Sink.Broken = true;
        port[SerialPort.Data] = 1;
        port.Sink.WaitUntilWriting();
        Assert.Equal(0x60, port[SerialPort.Lsr] & 0x60);
        Assert.Empty(port.Finish());
    }

    [Fact]
    public void TransmitterInterrupt_IsClearedByReadingItsIdentification_AndRaisedByEnabling()
    {
        using SerialPort port = new();
        port[SerialPort.Ier] = 2;
        Assert.True(port.Line.Asserted);
        Assert.Equal(0x02, port[SerialPort.Iir]);
        Assert.False(port.Line.Asserted);
        Assert.Equal(0x01, port[SerialPort.Iir]);
        port[SerialPort.Data] = 1;
        Assert.True(port.Line.Asserted);
        port[SerialPort.Ier] = 0;
        Assert.False(port.Line.Asserted);
        port[SerialPort.Ier] = 2;
        Assert.Equal(0x02, port[SerialPort.Iir]);
    }

    [Fact]
    public void TransmitterInterrupt_OfABurst_IsOneEdge()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Ier] = 2;
        Assert.Equal(0xC2, port[SerialPort.Iir]);
        for (int i = 0; i < 16; i++)
        {
            port[SerialPort.Data] = 1;
        }

        Assert.Equal(2, port.Line.Edges);
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xC1, 14)]
    public void ReceiverInterrupt_BelowTheTrigger_IsATimeoutAndAboveItData(byte control, int trigger)
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = control;
        port[SerialPort.Ier] = 1;
        port.Uart.Receive(new byte[trigger - 1]);
        Assert.Equal(trigger == 1 ? 0xC1 : 0xCC, port[SerialPort.Iir]);
        port.Uart.Receive(new byte[1]);
        Assert.Equal(0xC4, port[SerialPort.Iir]);
        Assert.True(port.Line.Asserted);
        Assert.Equal(trigger, port.ReadAll().Length);
        Assert.Equal(0xC1, port[SerialPort.Iir]);
        Assert.False(port.Line.Asserted);
    }

    [Fact]
    public void Interrupts_ComeInOrderOfPriority()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Mcr] = 0x1F;
        port[SerialPort.Mcr] = 0x0B;
        port[SerialPort.Ier] = 0x0F;
        port.Uart.ReceiveBreak();
        Assert.Equal(0xC6, port[SerialPort.Iir]);
        Assert.Equal(0x60 | 0x80 | 0x10 | 0x01, port[SerialPort.Lsr]);
        Assert.Equal(0xC4, port[SerialPort.Iir]);
        Assert.Equal(0, port[SerialPort.Data]);
        Assert.Equal(0xC2, port[SerialPort.Iir]);
        Assert.Equal(0xC0, port[SerialPort.Iir]);
        Assert.Equal(0xB4, port[SerialPort.Msr]);
        Assert.Equal(0xC1, port[SerialPort.Iir]);
        Assert.False(port.Line.Asserted);
    }

    [Fact]
    public void Interrupt_WithoutOut2_DoesNotReachTheBus()
    {
        using SerialPort port = new();
        port[SerialPort.Mcr] = 0x03;
        port[SerialPort.Ier] = 2;
        Assert.False(port.Line.Asserted);
        port[SerialPort.Mcr] = 0x0B;
        Assert.True(port.Line.Asserted);
    }

    [Fact]
    public void LineErrors_AreThoseOfTheCharacterAtTheTop()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Ier] = 5;
        port.Uart.Receive("a"u8);
        port.Uart.ReceiveBreak();
        port.Uart.Receive("b"u8);
        Assert.Equal(0xE1, port[SerialPort.Lsr]);
        Assert.Equal((byte)'a', port[SerialPort.Data]);
        Assert.Equal(0xC6, port[SerialPort.Iir]);
        Assert.Equal(0xF1, port[SerialPort.Lsr]);
        Assert.Equal(0x61, port[SerialPort.Lsr]);
        Assert.Equal(0, port[SerialPort.Data]);
        Assert.Equal((byte)'b', port[SerialPort.Data]);
        Assert.Equal(0x60, port[SerialPort.Lsr]);
    }

    [Fact]
    public void Loopback_CarriesModemLinesAndTheirChanges()
    {
        using SerialPort port = new();
        port[SerialPort.Mcr] = 0x10;
        Assert.Equal(0x0B, port[SerialPort.Msr]);
        port[SerialPort.Mcr] = 0x1A;
        Assert.Equal(0x99, port[SerialPort.Msr]);
        port[SerialPort.Mcr] = 0x14;
        Assert.Equal(0x49, port[SerialPort.Msr]);
        port[SerialPort.Mcr] = 0x10;
        Assert.Equal(0x04, port[SerialPort.Msr]);
        Assert.Equal(0x00, port[SerialPort.Msr]);
    }

    [Fact]
    public void Loopback_HoldsSixteenCharactersAndThenOverruns()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 7;
        port[SerialPort.Mcr] = 0x1B;
        for (int i = 0; i < 256; i++)
        {
            port[SerialPort.Data] = (byte)i;
        }

        Assert.Equal(0x63, port[SerialPort.Lsr]);
        Assert.Equal(16, port.ReadAll().Length);
        Assert.Empty(port.Finish());
    }

    [Fact]
    public void Loopback_WithoutFifos_KeepsTheLastCharacter()
    {
        using SerialPort port = new();
        port[SerialPort.Mcr] = 0x1B;
        port[SerialPort.Data] = 1;
        port[SerialPort.Data] = 2;
        Assert.Equal(0x63, port[SerialPort.Lsr]);
        Assert.Equal(2, port[SerialPort.Data]);
        Assert.Equal(0x60, port[SerialPort.Lsr]);
    }

    [Fact]
    public void Loopback_OfABreak_IsReceived()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Mcr] = 0x10;
        port[SerialPort.Lcr] = 0x43;
        Assert.Equal(0xF1, port[SerialPort.Lsr]);
        Assert.Equal(0, port[SerialPort.Data]);
    }

    [Fact]
    public void Input_BeforeTheGuestListens_IsNotLostToItsClearingOfFifos()
    {
        using SerialPort port = new();
        port.Uart.Receive("early"u8);
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Fcr] = 7;
        port[SerialPort.Fcr] = 0;
        Assert.Equal(0x60, port[SerialPort.Lsr]);
        Assert.Equal(0, port[SerialPort.Data]);
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Ier] = 1;
        Assert.Equal("early", port.ReadAll());
    }

    [Fact]
    public void Input_ToAGuestThatPolls_Arrives()
    {
        using SerialPort port = new();
        port.Uart.Receive("poll"u8);
        string text = "";
        for (int i = 0; i < 16; i++)
        {
            if ((port[SerialPort.Lsr] & 1) != 0)
            {
                text += (char)port[SerialPort.Data];
            }
        }

        Assert.Equal("poll", text);
    }

    [Fact]
    public void Input_MoreThanTheGuestReads_IsRefusedAndAskedForAgain()
    {
        using SerialPort port = new();
        int asked = 0;
        port.Uart.InputReady += () => asked++;
        byte[] much = new byte[100_000];
        Assert.Equal(Uart16550.InputCapacity, port.Uart.Receive(much));
        Assert.Equal(0, port.Uart.Receive(much));
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Ier] = 1;
        for (int i = 0; i < Uart16550.InputCapacity / 4; i++)
        {
            _ = port[SerialPort.Data];
        }

        Assert.Equal(0, asked);
        Assert.Equal(Uart16550.InputCapacity - (Uart16550.InputCapacity / 4), port.ReadAll().Length);
        Assert.Equal(1, asked);
    }

    [Fact]
    public void Input_LongerThanTheFifo_GivesAnEdgeForEachFifo()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 0xC1;
        port[SerialPort.Ier] = 1;
        port.Uart.Receive(new byte[64]);
        Assert.Equal(64, port.ReadAll().Length);
        Assert.Equal(4, port.Line.Edges);
        Assert.False(port.Line.Asserted);
    }

    [Fact]
    public void Input_OfAnyText_ArrivesWholeAndInOrder() => Prop.ForAll<byte[], bool>((bytes, fifos) =>
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = fifos ? (byte)0x81 : (byte)0;
        port[SerialPort.Ier] = 1;
        Assert.Equal(bytes.Length, port.Uart.Receive(bytes));
        Assert.Equal(bytes, port.ReadAll().Select(character => (byte)character));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void WideAccesses_AreThoseOfTheBytes()
    {
        using SerialPort port = new();
        Assert.Equal(AccessStatus.Done, port.Uart.Write(SerialPort.Lcr, 2, 0x0A1B));
        Assert.Equal(AccessStatus.Done, port.Uart.Read(SerialPort.Lcr, 2, out ulong pair));
        Assert.Equal(0x0A1Bul, pair);
        port.Uart.Write(SerialPort.Scr, 4, 0x1122_3344);
        port.Uart.Read(SerialPort.Scr, 4, out ulong beyond);
        Assert.Equal(0xFFFF_FF44ul, beyond);
    }

    [Fact]
    public void AnyAccesses_LeaveLineAndIdentificationInAgreement() => Prop.ForAll<int>(seed =>
    {
        Random random = new(seed);
        using SerialPort port = new();
        for (int i = 0; i < 500; i++)
        {
            int register = random.Next(8);
            switch (random.Next(8))
            {
                case 0:
                    port.Uart.Receive(new byte[random.Next(40)]);
                    break;
                case 1:
                    port.Uart.ReceiveBreak();
                    break;
                case 2 or 3:
                    _ = port[register];
                    break;
                default:
                    port[register] = (byte)random.Next(256);
                    break;
            }

            bool connected = (port[SerialPort.Mcr] & 0x18) == 0x08;
            bool asserted = port.Line.Asserted;
            Assert.Equal(asserted, connected && (port[SerialPort.Iir] & 1) == 0);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Threads_ThatTypeAndRead_LoseNothing()
    {
        using SerialPort port = new();
        port[SerialPort.Fcr] = 1;
        port[SerialPort.Ier] = 1;
        using SemaphoreSlim room = new(0);
        port.Uart.InputReady += () => room.Release();
        byte[] sent = new byte[50_000];
        new Random(1).NextBytes(sent);
        Thread typist = new(() =>
        {
            int at = 0;
            while (at < sent.Length)
            {
                at += port.Uart.Receive(sent.AsSpan(at));
                if (at < sent.Length)
                {
                    room.Wait();
                }
            }
        })
        { IsBackground = true };
        typist.Start();
        byte[] got = new byte[sent.Length];
        int read = 0;
        while (read < got.Length && port.Line.WaitUntilAsserted(TestContext.Current.CancellationToken))
        {
            while (read < got.Length && (port[SerialPort.Lsr] & 1) != 0)
            {
                got[read++] = port[SerialPort.Data];
            }
        }

        Assert.Equal(sent, got);
        typist.Join();
    }
}
