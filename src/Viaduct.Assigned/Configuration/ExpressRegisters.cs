using System.Buffers.Binary;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Configuration;

/// <summary>
/// The PCI Express capability of an assigned function (PCI Express Base 5.0, 7.5.3): it says what the device says of
/// itself and its link, keeps what the guest sets, and carries the function level reset out at the device.
/// </summary>
internal sealed class ExpressRegisters : IConfigWriteObserver
{
    internal const byte Id = 0x10;

    private const int Capabilities = 0x02;
    private const int DeviceCapabilities = 0x04;
    private const int DeviceControl = 0x08;
    private const int LinkCapabilities = 0x0C;
    private const int LinkControl = 0x10;
    private const int LinkStatus = 0x12;
    private const int DeviceCapabilities2 = 0x24;
    private const int DeviceControl2 = 0x28;
    private const int LinkControl2 = 0x30;
    private const int Length1 = 0x14;
    private const int Length2 = 0x3C;
    private const uint ResetCapable = 1u << 28;
    private const uint InitiateReset = 1u << 15;
    private const uint IntegratedEndpoint = 9;

    private readonly PciFunction _function;
    private int _offset;

    private ExpressRegisters(PciFunction function) => _function = function;

    /// <summary>How long the device's is; it ends where the space does.</summary>
    internal static int LengthOf(DeviceConfig config, int offset) =>
        Math.Min((config.Word(offset + Capabilities) & 0xF) >= 2 ? Length2 : Length1, 0x100 - offset);

    /// <summary>Adds it to the function.</summary>
    internal static void Add(PciFunction function, DeviceConfig config, int offset, int length, bool canReset)
    {
        Span<byte> registers = stackalloc byte[Length2];
        Span<byte> writable = stackalloc byte[Length2];
        config.Copy(offset, length).CopyTo(registers);
        uint capabilities = BinaryPrimitives.ReadUInt16LittleEndian(registers[Capabilities..]);
        if (((capabilities >> 4) & 0xF) == IntegratedEndpoint)
        {
            // It is behind a port here, so it has a link: 2.5 GT/s, one lane, and nothing that it could do with it.
            capabilities &= ~0xF0u;
            BinaryPrimitives.WriteUInt32LittleEndian(registers[LinkCapabilities..], 0x11);
            BinaryPrimitives.WriteUInt16LittleEndian(registers[LinkStatus..], 0x11);
        }

        // The slot bit and the interrupt number are matters of ports.
        BinaryPrimitives.WriteUInt16LittleEndian(registers[Capabilities..], (ushort)(capabilities & 0x00FF));
        uint device = BinaryPrimitives.ReadUInt32LittleEndian(registers[DeviceCapabilities..]) & ~ResetCapable;
        BinaryPrimitives.WriteUInt32LittleEndian(registers[DeviceCapabilities..], canReset ? device | ResetCapable : device);

        // Control: relaxed ordering, no snoop, reads of up to 512 bytes, as after reset; no error pending.
        BinaryPrimitives.WriteUInt32LittleEndian(registers[DeviceControl..], (1u << 4) | (1u << 11) | (2u << 12));
        BinaryPrimitives.WriteUInt16LittleEndian(writable[DeviceControl..], canReset ? (ushort)0xFFFF : (ushort)0x7FFF);
        registers.Slice(LinkControl, 2).Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(writable[LinkControl..], 0x00CB);
        if (length > DeviceControl2 + 2)
        {
            // Completion time-outs only: what needs agreement with the ports above isn't offered.
            uint device2 = BinaryPrimitives.ReadUInt32LittleEndian(registers[DeviceCapabilities2..]);
            BinaryPrimitives.WriteUInt32LittleEndian(registers[DeviceCapabilities2..], device2 & 0x1F);
            registers.Slice(DeviceControl2, 2).Clear();
            BinaryPrimitives.WriteUInt16LittleEndian(writable[DeviceControl2..], 0x001F);
        }

        if (length > LinkControl2 + 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(writable[LinkControl2..], 0x000F);
        }

        ExpressRegisters observer = new(function);
        observer._offset = function.AddCapability(Id, registers[2..length], writable[2..length], observer);
    }

    public void OnConfigWritten(int offset, int size)
    {
        uint control = _function.GetConfig(_offset + DeviceControl, 2);
        if ((control & InitiateReset) != 0)
        {
            _function.SystemReset();
        }
    }
}
