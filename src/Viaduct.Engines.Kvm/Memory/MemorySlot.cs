using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Memory;

/// <summary>Host memory that KVM shows the guest at an address.</summary>
/// <param name="GuestAddress">The first guest physical address.</param>
/// <param name="Block">The block that it is of.</param>
/// <param name="Offset">Where in the block it begins.</param>
/// <param name="Length">Bytes, whole pages.</param>
/// <param name="ReadOnly">Whether the guest's writes come out as exits.</param>
internal readonly record struct MemorySlot(ulong GuestAddress, HostMemory Block, ulong Offset, ulong Length, bool ReadOnly);
