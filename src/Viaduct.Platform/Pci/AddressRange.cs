namespace Viaduct.Platform.Pci;

/// <summary>Addresses from <paramref name="First"/> to <paramref name="Last"/>, both within.</summary>
internal readonly record struct AddressRange(ulong First, ulong Last)
{
    /// <summary>The addresses in both; false when there are none.</summary>
    internal bool TryIntersect(AddressRange other, out AddressRange common)
    {
        common = new AddressRange(Math.Max(First, other.First), Math.Min(Last, other.Last));
        return common.First <= common.Last;
    }
}
