using Viaduct.Emulated.Serial;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Xunit;

namespace Viaduct.Emulated.Tests.Serial;

/// <summary>A port as a driver sees it, by register.</summary>
internal sealed class SerialPort : IDisposable
{
    public const int Data = 0;
    public const int Ier = 1;
    public const int Iir = 2;
    public const int Fcr = 2;
    public const int Lcr = 3;
    public const int Mcr = 4;
    public const int Lsr = 5;
    public const int Msr = 6;
    public const int Scr = 7;

    public SerialPort()
    {
        Uart = new Uart16550(Line, Sink, new DeviceCounters("com1", Road.Emulated));
        this[Lcr] = 3;
        this[Mcr] = 0x0B;
    }

    public EdgeLine Line { get; } = new();

    public RecordingSink Sink { get; } = new();

    public Uart16550 Uart { get; }

    public byte this[int register]
    {
        get
        {
            Assert.Equal(AccessStatus.Done, Uart.Read((ulong)register, 1, out ulong value));
            return (byte)value;
        }

        set => Assert.Equal(AccessStatus.Done, Uart.Write((ulong)register, 1, value));
    }

    public string ReadAll()
    {
        List<char> text = [];
        while ((this[Lsr] & 1) != 0)
        {
            text.Add((char)this[Data]);
        }

        return new string([.. text]);
    }

    /// <summary>Ends the port, so that all output has arrived.</summary>
    public byte[] Finish()
    {
        Uart.Dispose();
        return Sink.Bytes;
    }

    public void Dispose()
    {
        Sink.Open();
        Uart.Dispose();
        Sink.Dispose();
        Line.Dispose();
    }
}
