using System.Buffers.Binary;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>
/// The capability through which firmware reaches the BAR by configuration accesses alone (virtio 1.2, 4.1.4.9): the
/// driver names BAR, offset and length, then reads or writes the data field.
/// </summary>
internal sealed class ConfigAccess : IConfigReadObserver
{
    private const int BarField = 4;
    private const int OffsetField = 8;
    private const int LengthField = 12;
    private const int DataField = 16;
    private const int Length = 20;

    private readonly PciFunction _function;
    private readonly PciBar _bar;
    private readonly int _at;

    internal ConfigAccess(PciFunction function, PciBar bar)
    {
        _function = function;
        _bar = bar;
        Span<byte> registers = stackalloc byte[Length];
        registers.Clear();
        registers[2] = Length;
        registers[3] = (byte)PciStructure.ConfigAccess;
        Span<byte> writable = stackalloc byte[Length];
        writable.Clear();
        writable[BarField] = 0xFF;
        writable[OffsetField..].Fill(0xFF);
        _at = function.AddCapability(VirtioPciDevice.VendorCapability, registers[2..], writable[2..], this);
    }

    public void OnConfigReading(int offset, int size)
    {
        if (offset + size <= DataField || !TryGetAccess(out ulong address, out int length))
        {
            return;
        }

        if (_bar.Read(address, length, out ulong value) != AccessStatus.Done)
        {
            value = uint.MaxValue;
        }

        // Whole, for bytes above the length read as zero.
        Span<byte> data = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value & (ulong.MaxValue >> (64 - (length * 8))));
        _function.SetConfig(_at + DataField, 4, BinaryPrimitives.ReadUInt32LittleEndian(data));
    }

    public void OnConfigWritten(int offset, int size)
    {
        if (offset + size > DataField && TryGetAccess(out ulong address, out int length))
        {
            ulong value = _function.GetConfig(_at + DataField, 4);
            _bar.Write(address, length, value & (ulong.MaxValue >> (64 - (length * 8))));
        }
    }

    private bool TryGetAccess(out ulong address, out int length)
    {
        address = _function.GetConfig(_at + OffsetField, 4);
        length = (int)_function.GetConfig(_at + LengthField, 4);
        return _function.GetConfig(_at + BarField, 1) == (uint)_bar.Index
            && length is 1 or 2 or 4
            && address % (ulong)length == 0
            && address + (ulong)length <= _bar.Size;
    }
}
