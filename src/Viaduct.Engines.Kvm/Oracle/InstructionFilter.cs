using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Whether an engine claims to have an instruction.</summary>
public delegate bool InstructionFilter(in Instruction instruction);
