using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>The MSI-X table as the guest sees it: 16 bytes a vector, in accesses of 4 and 8 bytes (PCI Express Base 5.0, 7.7.2).</summary>
internal sealed class MsixTable : IAccessHandler
{
    private readonly MsixCapability _capability;

    internal MsixTable(MsixCapability capability) => _capability = capability;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        AccessStatus status = Check(offset, size);
        if (status == AccessStatus.Done)
        {
            MsixEntry entry = _capability.Entry((int)(offset >> 4));
            int register = (int)(offset >> 2) & 3;
            value = entry.Read(register);
            if (size == 8)
            {
                value |= (ulong)entry.Read(register + 1) << 32;
            }
        }

        return status;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        AccessStatus status = Check(offset, size);
        if (status == AccessStatus.Done)
        {
            int vector = (int)(offset >> 4);
            int register = (int)(offset >> 2) & 3;
            _capability.WriteEntry(vector, register, (uint)value);
            if (size == 8)
            {
                _capability.WriteEntry(vector, register + 1, (uint)(value >> 32));
            }
        }

        return status;
    }

    private AccessStatus Check(ulong offset, int size)
    {
        if (size is not (4 or 8))
        {
            return AccessStatus.InvalidSize;
        }

        return (offset & (ulong)(size - 1)) != 0 ? AccessStatus.Unaligned
            : offset + (ulong)size > (ulong)_capability.Count * 16 ? AccessStatus.NoResponse
            : AccessStatus.Done;
    }
}
