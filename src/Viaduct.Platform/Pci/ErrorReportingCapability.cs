using System.Buffers.Binary;

namespace Viaduct.Platform.Pci;

/// <summary>Advanced error reporting (PCI Express Base 5.0, 7.8.4). There are no errors of a link to report; drivers set masks and severities up.</summary>
public sealed class ErrorReportingCapability
{
    private const ushort Id = 0x01;
    private const byte Version = 2;
    private const int EndpointLength = 0x2C;
    private const int PortLength = 0x38;

    /// <summary>Data link protocol (4), poisoned (12), flow control (13), completion timeout (14), completer abort (15), unexpected completion (16), receiver overflow (17), malformed (18), ECRC (19), unsupported request (20).</summary>
    private const uint Uncorrectable = 0x001F_F010;

    /// <summary>Those that are fatal unless software says otherwise (7.8.4.4).</summary>
    private const uint FatalByDefault = 0x0006_2010;

    /// <summary>Receiver (0), bad TLP (6), bad DLLP (7), replay rollover (8), replay timeout (12), advisory non-fatal (13).</summary>
    private const uint Correctable = 0x31C1;

    private const uint AdvisoryNonFatal = 1 << 13;

    internal ErrorReportingCapability(PciFunction function)
    {
        bool port = function.Bridge is not null;
        int length = port ? PortLength : EndpointLength;
        Span<byte> registers = stackalloc byte[PortLength];
        Span<byte> writable = stackalloc byte[PortLength];
        Span<byte> clearable = stackalloc byte[PortLength];
        Write(clearable, 0x04, Uncorrectable);
        Write(clearable, 0x10, Correctable);
        if (!function.IsVirtual)
        {
            // A virtual function goes by the masks and severities of its physical one (9.4.2).
            Write(writable, 0x08, Uncorrectable);
            Write(registers, 0x0C, FatalByDefault);
            Write(writable, 0x0C, Uncorrectable);
            Write(registers, 0x14, AdvisoryNonFatal);
            Write(writable, 0x14, Correctable);
        }

        if (port)
        {
            // Root error command and status (7.8.4.9, 7.8.4.10).
            Write(writable, 0x2C, 0x7);
            Write(clearable, 0x30, 0x7F);
        }

        Offset = function.AddExtendedCapability(Id, Version, registers[4..length], writable[4..length], clearMask: clearable[4..length]);
    }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    private static void Write(Span<byte> bytes, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);
}
