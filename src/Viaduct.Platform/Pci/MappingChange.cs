using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Platform.Pci;

/// <summary>The mappings that a new routing takes away and adds in one address space, carried out in one step.</summary>
internal sealed class MappingChange
{
    private readonly List<Mapping> _removed = [];
    private readonly List<Mapping> _added = [];

    internal MappingChange(AddressSpace space) => Space = space;

    internal AddressSpace Space { get; }

    internal void Remove(IEnumerable<Mapping> mappings) => _removed.AddRange(mappings);

    internal void Add(IEnumerable<Mapping> mappings) => _added.AddRange(mappings);

    internal void Apply()
    {
        if (_removed.Count + _added.Count != 0)
        {
            Space.Replace(_removed, _added);
        }
    }
}
