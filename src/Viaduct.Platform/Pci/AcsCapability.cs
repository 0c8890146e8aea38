namespace Viaduct.Platform.Pci;

/// <summary>
/// Access control services (PCI Express Base 5.0, 7.7.8) of a root port. Software decides by it which functions can be
/// given to different owners. What it promises holds here whatever is enabled: a function can use no requester ID but
/// its own, there are no translated requests, and no request passes between functions but through the root complex.
/// </summary>
public sealed class AcsCapability
{
    private const ushort Id = 0x0D;

    /// <summary>Source validation, translation blocking, P2P request redirect, P2P completion redirect, upstream forwarding.</summary>
    private const byte Services = 0x1F;

    internal AcsCapability(PciFunction function) =>
        Offset = function.AddExtendedCapability(Id, 1, [Services, 0, 0, 0], [0, 0, Services]);

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }
}
