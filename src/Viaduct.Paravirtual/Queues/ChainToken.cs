namespace Viaduct.Paravirtual.Queues;

/// <summary>Names a chain that was taken from a queue until it is returned.</summary>
/// <param name="Id">Split: the index of the head descriptor. Packed: the buffer id.</param>
/// <param name="Slots">How many places of the ring the chain takes: split, one; packed, its descriptors there.</param>
/// <param name="Order">Its place among the chains that are out; of use to the queue only.</param>
public readonly record struct ChainToken(ushort Id, ushort Slots, ushort Order);
