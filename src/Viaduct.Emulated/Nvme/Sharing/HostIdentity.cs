namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>
/// Whom reservations know (NVMe 1.4, 8.8): a host by the identifier that it gave (feature 81h), on all its controllers;
/// or, without one, a controller for itself.
/// </summary>
/// <param name="Id">The Host Identifier; zero is none.</param>
/// <param name="Extended">Whether it is one of 128 bits.</param>
/// <param name="Controller">The controller without an identifier; -1 where there is one.</param>
internal sealed record HostIdentity(UInt128 Id, bool Extended, int Controller)
{
    internal bool IsAnonymous => Id == UInt128.Zero;

    internal static HostIdentity Anonymous(int controller) => new(UInt128.Zero, false, controller);

    internal static HostIdentity Of(UInt128 id, bool extended, int controller) =>
        id == UInt128.Zero ? Anonymous(controller) : new(id, extended, -1);
}
