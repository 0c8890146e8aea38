using Iced.Intel;
using Viaduct.Engines.Software.FloatingPoint;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>One instruction: how the host does it (xmm0, xmm1, rax, mm0, mm1) and how the engine does it.</summary>
internal sealed record SseCase(string Name, OperandShape Shape, Action<Assembler> Host, SseCase.Compute Engine)
{
    public delegate void Compute(ref SseContext context, ref FloatStatus status);

    public override string ToString() => Name;
}
