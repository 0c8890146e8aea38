using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Interpreter;

/// <summary>A condition of Jcc, SETcc and CMOVcc, as a type parameter.</summary>
internal unsafe interface ICondition
{
    static abstract bool Holds(CpuState* s);
}
