using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned;

/// <summary>Doorbells that signal: a write leaves its value where the device looks and raises the eventfd.</summary>
internal sealed unsafe class DoorbellAccess : IAccessHandler
{
    private readonly AssignedDoorbell _doorbell;
    private readonly IAccessHandler _registers;
    private readonly Lock _lock = new();
    private bool _closed;

    /// <param name="doorbell">The doorbells.</param>
    /// <param name="registers">Carries out what is no signal: reads where the doorbells leave no values, writes of another value; by offset from their start.</param>
    internal DoorbellAccess(AssignedDoorbell doorbell, IAccessHandler registers)
    {
        _doorbell = doorbell;
        _registers = registers;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        if (_doorbell.Values is not { } values)
        {
            return _registers.Read(offset, size, out value);
        }

        lock (_lock)
        {
            value = 0;
            if (_closed)
            {
                return AccessStatus.NoResponse;
            }

            byte* at = At(values, offset);
            value = size switch
            {
                1 => *at,
                2 => Volatile.Read(ref *(ushort*)at),
                4 => Volatile.Read(ref *(uint*)at),
                _ => Volatile.Read(ref *(ulong*)at),
            };
            return AccessStatus.Done;
        }
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (_doorbell.Match is { } match && value != match)
        {
            return _registers.Write(offset, size, value);
        }

        lock (_lock)
        {
            if (_closed)
            {
                return AccessStatus.NoResponse;
            }

            if (_doorbell.Values is { } values)
            {
                Store(At(values, offset), size, value);
            }

            _doorbell.Signal.Signal();
            return AccessStatus.Done;
        }
    }

    /// <summary>Nothing of the device's is touched any more; a processor may still be on its way here.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }
    }

    private static void Store(byte* at, int size, ulong value)
    {
        switch (size)
        {
            case 1:
                *at = (byte)value;
                break;
            case 2:
                Volatile.Write(ref *(ushort*)at, (ushort)value);
                break;
            case 4:
                Volatile.Write(ref *(uint*)at, (uint)value);
                break;
            default:
                Volatile.Write(ref *(ulong*)at, value);
                break;
        }
    }

    private byte* At(HostMemory memory, ulong offset) => memory.Pointer + _doorbell.ValuesOffset + offset;
}
