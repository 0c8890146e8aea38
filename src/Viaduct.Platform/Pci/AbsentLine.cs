using Viaduct.Platform.Interrupts;

namespace Viaduct.Platform.Pci;

/// <summary>The interrupt pin of a function that has none.</summary>
internal sealed class AbsentLine : IInterruptLine
{
    internal static readonly AbsentLine Instance = new();

    private AbsentLine()
    {
    }

    public void Set(bool asserted)
    {
    }
}
