namespace Viaduct.Emulated.Serial;

/// <summary>The registers of a PC16550D (National Semiconductor data sheet, section 8): offsets from the base port and the bits of each.</summary>
internal static class Registers
{
    /// <summary>Receiver buffer when read, transmitter holding when written; divisor latch low with DLAB.</summary>
    internal const int Data = 0;

    /// <summary>Divisor latch high with DLAB.</summary>
    internal const int InterruptEnable = 1;

    /// <summary>Read only; <see cref="FifoControl"/> when written.</summary>
    internal const int InterruptIdentification = 2;

    internal const int FifoControl = 2;
    internal const int LineControl = 3;
    internal const int ModemControl = 4;
    internal const int LineStatus = 5;
    internal const int ModemStatus = 6;
    internal const int Scratch = 7;

    internal const int Count = 8;

    /// <summary>Depth of the receiver's and of the transmitter's FIFO.</summary>
    internal const int FifoDepth = 16;

    /// <summary>Interrupt enable (8.7).</summary>
    internal static class Ier
    {
        internal const byte ReceivedData = 1 << 0;
        internal const byte TransmitterEmpty = 1 << 1;
        internal const byte LineStatus = 1 << 2;
        internal const byte ModemStatus = 1 << 3;
        internal const byte Writable = 0x0F;
    }

    /// <summary>Interrupt identification (8.6), highest priority first.</summary>
    internal static class Iir
    {
        internal const byte LineStatus = 0x06;
        internal const byte ReceivedData = 0x04;
        internal const byte CharacterTimeout = 0x0C;
        internal const byte TransmitterEmpty = 0x02;
        internal const byte ModemStatus = 0x00;
        internal const byte None = 0x01;
        internal const byte FifosEnabled = 0xC0;
    }

    /// <summary>FIFO control (8.5).</summary>
    internal static class Fcr
    {
        internal const byte Enable = 1 << 0;
        internal const byte ClearReceiver = 1 << 1;

        /// <summary>Where in the byte the receiver's trigger level begins.</summary>
        internal const int TriggerShift = 6;
    }

    /// <summary>Line control (8.1).</summary>
    internal static class Lcr
    {
        internal const byte WordLength = 3;
        internal const byte Break = 1 << 6;
        internal const byte DivisorAccess = 1 << 7;
    }

    /// <summary>Modem control (8.8).</summary>
    internal static class Mcr
    {
        internal const byte DataTerminalReady = 1 << 0;
        internal const byte RequestToSend = 1 << 1;
        internal const byte Out1 = 1 << 2;

        /// <summary>Also what connects the interrupt to the bus on a PC.</summary>
        internal const byte Out2 = 1 << 3;

        internal const byte Loopback = 1 << 4;
        internal const byte Writable = 0x1F;
    }

    /// <summary>Line status (8.4).</summary>
    internal static class Lsr
    {
        internal const byte DataReady = 1 << 0;
        internal const byte Overrun = 1 << 1;
        internal const byte Parity = 1 << 2;
        internal const byte Framing = 1 << 3;
        internal const byte Break = 1 << 4;
        internal const byte HoldingEmpty = 1 << 5;
        internal const byte TransmitterEmpty = 1 << 6;
        internal const byte ErrorInFifo = 1 << 7;
        internal const byte Errors = Overrun | Parity | Framing | Break;
    }

    /// <summary>Modem status (8.9): four lines above the changes of the same.</summary>
    internal static class Msr
    {
        internal const byte ClearToSend = 1 << 4;
        internal const byte DataSetReady = 1 << 5;
        internal const byte RingIndicator = 1 << 6;
        internal const byte CarrierDetect = 1 << 7;
        internal const byte Lines = 0xF0;
        internal const byte Changes = 0x0F;

        /// <summary>Set among the changes when the ring indicator's line is released, not when it is asserted.</summary>
        internal const byte TrailingRing = 1 << 2;
    }
}
