using Viaduct.Engines.Kvm;
using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Software.Tests.Oracle;

public sealed unsafe class KvmInteropTests
{
    [Fact]
    public void RequestNumbers_AreThoseOfTheKernelHeaders()
    {
        Assert.Equal(0xAE00u, KvmRequests.KVM_GET_API_VERSION);
        Assert.Equal(0xAE01u, KvmRequests.KVM_CREATE_VM);
        Assert.Equal(0xAE03u, KvmRequests.KVM_CHECK_EXTENSION);
        Assert.Equal(0xAE04u, KvmRequests.KVM_GET_VCPU_MMAP_SIZE);
        Assert.Equal(0xC008_AE05u, KvmRequests.KVM_GET_SUPPORTED_CPUID);
        Assert.Equal(0xAE41u, KvmRequests.KVM_CREATE_VCPU);
        Assert.Equal(0x4020_AE46u, KvmRequests.KVM_SET_USER_MEMORY_REGION);
        Assert.Equal(0xAE80u, KvmRequests.KVM_RUN);
        Assert.Equal(0x8090_AE81u, KvmRequests.KVM_GET_REGS);
        Assert.Equal(0x4090_AE82u, KvmRequests.KVM_SET_REGS);
        Assert.Equal(0x8138_AE83u, KvmRequests.KVM_GET_SREGS);
        Assert.Equal(0x4138_AE84u, KvmRequests.KVM_SET_SREGS);
        Assert.Equal(0x81A0_AE8Cu, KvmRequests.KVM_GET_FPU);
        Assert.Equal(0x41A0_AE8Du, KvmRequests.KVM_SET_FPU);
        Assert.Equal(0x4008_AE90u, KvmRequests.KVM_SET_CPUID2);
    }

    [Fact]
    public void RunPage_FieldsAreWhereTheKernelPutsThem()
    {
        KvmRunPage page;
        byte* start = (byte*)&page;
        Assert.Equal(1, (byte*)&page.ImmediateExit - start);
        Assert.Equal(8, (byte*)&page.ExitReason - start);
        Assert.Equal(34, (byte*)&page.IoPort - start);
        Assert.Equal(40, (byte*)&page.IoDataOffset - start);
    }

    [Fact]
    public void Probe_SaysWhatToDo_WhereKvmIsNotUsable()
    {
        KvmProbeResult result = KvmProbe.Run();
        Assert.Equal(result.Usable, result.Reason.Length == 0);
        Assert.Equal(result.Usable, result.Remedy.Length == 0);
        Assert.True(result.RunsUserCode || !result.Usable);
        TestContext.Current.SendDiagnosticMessage("{0}", result);
    }
}
