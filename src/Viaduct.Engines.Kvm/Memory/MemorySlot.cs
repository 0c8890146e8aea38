namespace Viaduct.Engines.Kvm.Memory;

/// <summary>Host memory that KVM shows the guest at an address.</summary>
/// <param name="GuestAddress">The first guest physical address.</param>
/// <param name="Host">The first byte in this process.</param>
/// <param name="Length">Bytes, whole pages.</param>
/// <param name="ReadOnly">Whether the guest's writes come out as exits.</param>
internal readonly record struct MemorySlot(ulong GuestAddress, nuint Host, ulong Length, bool ReadOnly);
