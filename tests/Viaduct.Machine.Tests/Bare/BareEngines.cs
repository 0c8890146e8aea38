using Viaduct.Engines.Kvm;
using Viaduct.Machine.Specification;
using Xunit;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>The engines that bare guests run on. KVM is optional: where a host has none, what needs it is skipped, with the reason.</summary>
internal static class BareEngines
{
    private static readonly string? _problem = KvmProbe.Problem();

    public static TheoryData<EngineChoice> All { get; } = [EngineChoice.Software, EngineChoice.Kvm];

    /// <summary>Skips a test of an engine that this host doesn't have.</summary>
    public static void Require(EngineChoice engine) =>
        Assert.SkipWhen(engine == EngineChoice.Kvm && _problem is not null, $"no guest runs on KVM: {_problem}");
}
