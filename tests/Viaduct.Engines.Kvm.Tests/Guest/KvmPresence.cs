namespace Viaduct.Engines.Kvm.Tests.Guest;

/// <summary>KVM is optional: where a host has none, what needs it is skipped, with the reason.</summary>
internal static class KvmPresence
{
    private static readonly string? _problem = KvmProbe.Problem();

    public static void Require() => Assert.SkipWhen(_problem is not null, $"no guest runs on KVM: {_problem}");
}
