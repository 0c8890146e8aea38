namespace Viaduct.Platform.Pci;

/// <summary>Alternative routing-ID interpretation (PCI Express Base 5.0, 7.8.8): up to 256 functions on one link, each naming the next.</summary>
public sealed class AriCapability
{
    private const ushort Id = 0x0E;
    private const int NextFunction = 0x05;

    private readonly PciFunction _function;

    internal AriCapability(PciFunction function)
    {
        _function = function;
        Offset = function.AddExtendedCapability(Id, 1, [0, 0, 0, 0], []);
    }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>Names the function after this one; zero at the last. Virtual functions are found by offset and stride instead.</summary>
    internal void SetNext(byte number) => _function.Config.Define(Offset + NextFunction, 1, number);
}
