using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>Every combination of what can be agreed on for a ring.</summary>
internal static class RingKinds
{
    public static TheoryData<int> All => [.. Enumerable.Range(0, 16)];

    public static RingFeatures Of(int kind) => (RingFeatures)kind;
}
