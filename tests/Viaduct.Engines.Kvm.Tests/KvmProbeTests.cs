namespace Viaduct.Engines.Kvm.Tests;

public sealed class KvmProbeTests
{
    [Fact]
    public void Probe_SaysWhatToDo_WhereKvmIsNotUsable()
    {
        KvmProbeResult result = KvmProbe.Run();
        Assert.Equal(result.Usable, result.Reason.Length == 0);
        Assert.Equal(result.Usable, result.Remedy.Length == 0);
        Assert.True(result.RunsUserCode || !result.Usable);
        Assert.Equal(result.RunsUserCode, KvmProbe.Problem() is null);
        TestContext.Current.SendDiagnosticMessage("{0}", result);
    }
}
