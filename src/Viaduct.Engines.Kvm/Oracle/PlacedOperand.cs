using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Where a memory operand of a case is.</summary>
internal readonly record struct PlacedOperand(ulong Address, MemorySize Size);
