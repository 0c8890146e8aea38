using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>The MSI-X pending bit array: a bit a vector, read-only (PCI Express Base 5.0, 7.7.2.10).</summary>
internal sealed class MsixPendingBits : IAccessHandler
{
    private readonly MsixCapability _capability;

    internal MsixPendingBits(MsixCapability capability) => _capability = capability;

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        int first = (int)offset * 8;
        int last = Math.Min(first + (size * 8), _capability.Count);
        for (int vector = first; vector < last; vector++)
        {
            if (_capability.Entry(vector).Pending)
            {
                value |= 1UL << (vector - first);
            }
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value) => AccessStatus.Done;
}
