namespace Viaduct.Platform.Pci;

/// <summary>Who a function says it is (PCI Express Base 5.0, 7.5.1.1 and 7.5.1.2).</summary>
/// <param name="VendorId">Offset 00h.</param>
/// <param name="DeviceId">Offset 02h.</param>
/// <param name="Revision">Offset 08h.</param>
/// <param name="ClassCode">Offset 09h, 24 bits: base class, sub-class, programming interface.</param>
/// <param name="SubsystemVendorId">Offset 2Ch of a type 0 header.</param>
/// <param name="SubsystemId">Offset 2Eh of a type 0 header.</param>
public readonly record struct PciIdentity(ushort VendorId, ushort DeviceId, byte Revision, uint ClassCode, ushort SubsystemVendorId, ushort SubsystemId);
