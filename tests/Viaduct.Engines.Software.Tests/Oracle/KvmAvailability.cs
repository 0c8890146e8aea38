using Viaduct.Engines.Kvm;

namespace Viaduct.Engines.Software.Tests.Oracle;

/// <summary>Tests against the real processor need /dev/kvm, which is optional.</summary>
internal static class KvmAvailability
{
    private static readonly KvmProbeResult _probe = KvmProbe.Run();

    public static void SkipUnlessPresent() =>
        Assert.SkipUnless(_probe.RunsUserCode, $"the real processor can't be asked: {_probe.Reason}; {_probe.Remedy}");
}
