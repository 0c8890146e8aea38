using System.Buffers.Binary;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Assigned;

/// <summary>What of a BAR isn't mapped: each access is carried out at the device.</summary>
internal sealed class RegionAccess : IAccessHandler
{
    private readonly IAssignedDevice _device;
    private readonly int _region;
    private readonly PinRoute? _pin;

    internal RegionAccess(IAssignedDevice device, int region, PinRoute? pin)
    {
        _device = device;
        _region = region;
        _pin = pin;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        bool done = _device.Regions[_region].Readable && _device.TryRead(_region, offset, bytes[..size]);
        value = done ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        _pin?.OnAccess();
        return done ? AccessStatus.Done : AccessStatus.NoResponse;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bool done = _device.Regions[_region].Writable && _device.TryWrite(_region, offset, bytes[..size]);
        _pin?.OnAccess();
        return done ? AccessStatus.Done : AccessStatus.NoResponse;
    }
}
