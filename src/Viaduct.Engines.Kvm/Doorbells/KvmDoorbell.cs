using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm.Doorbells;

/// <summary>A write of the guest's that KVM turns into the raising of an eventfd.</summary>
/// <param name="IsPort">Whether it is a port rather than memory.</param>
/// <param name="Address">The address.</param>
/// <param name="Size">Bytes that are written; zero for any number.</param>
/// <param name="Value">What has to be written; null for anything.</param>
/// <param name="Signal">What is raised.</param>
internal readonly record struct KvmDoorbell(bool IsPort, ulong Address, int Size, ulong? Value, EventFd Signal);
