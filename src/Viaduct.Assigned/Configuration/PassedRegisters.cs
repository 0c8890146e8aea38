using System.Buffers.Binary;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Configuration;

/// <summary>A capability whose registers are the device's own: reads and writes go there, but for the header.</summary>
internal sealed class PassedRegisters : IConfigReadObserver
{
    private readonly PciFunction _function;
    private readonly IAssignedDevice _device;
    private readonly int _deviceOffset;
    private readonly int _header;
    private readonly int _length;

    /// <param name="function">What the guest sees.</param>
    /// <param name="device">The device.</param>
    /// <param name="deviceOffset">Where the device has the capability.</param>
    /// <param name="header">Bytes of id and pointer.</param>
    /// <param name="length">Bytes with the header.</param>
    internal PassedRegisters(PciFunction function, IAssignedDevice device, int deviceOffset, int header, int length)
    {
        _function = function;
        _device = device;
        _deviceOffset = deviceOffset;
        _header = header;
        _length = length;
    }

    /// <summary>Where the guest has the capability.</summary>
    internal int Offset { get; set; }

    public void OnConfigReading(int offset, int size)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int part in Parts(ref offset, ref size))
        {
            if (!_device.TryRead(AssignedRegion.Config, (ulong)(_deviceOffset + offset), bytes[..part]))
            {
                bytes.Fill(0xFF);
            }

            _function.SetConfig(Offset + offset, part, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
            offset += part;
        }
    }

    public void OnConfigWritten(int offset, int size)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (int part in Parts(ref offset, ref size))
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, _function.GetConfig(Offset + offset, part));
            _ = _device.TryWrite(AssignedRegion.Config, (ulong)(_deviceOffset + offset), bytes[..part]);
            offset += part;
        }
    }

    // What of an access lies behind the header and before the end, in accesses that are naturally aligned again.
    private int[] Parts(ref int offset, ref int size)
    {
        int end = Math.Min(offset + size, _length);
        offset = Math.Max(offset, _header);
        size = end - offset;
        return size switch
        {
            <= 0 => [],
            3 => (offset & 1) == 0 ? [2, 1] : [1, 2],
            2 when (offset & 1) != 0 => [1, 1],
            _ => [size],
        };
    }
}
