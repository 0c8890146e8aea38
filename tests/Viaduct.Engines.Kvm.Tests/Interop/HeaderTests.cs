using System.Reflection;
using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Kvm.Tests.Interop;

/// <summary>Every request number, structure and constant is that of the kernel's headers.</summary>
public sealed class HeaderTests
{
    private static readonly Dictionary<KvmCapability, string> _capabilities = new()
    {
        [KvmCapability.IrqChip] = "KVM_CAP_IRQCHIP",
        [KvmCapability.UserMemory] = "KVM_CAP_USER_MEMORY",
        [KvmCapability.SetTssAddress] = "KVM_CAP_SET_TSS_ADDR",
        [KvmCapability.SetIdentityMapAddress] = "KVM_CAP_SET_IDENTITY_MAP_ADDR",
        [KvmCapability.GetTscKhz] = "KVM_CAP_GET_TSC_KHZ",
        [KvmCapability.MaxProcessors] = "KVM_CAP_MAX_VCPUS",
        [KvmCapability.TscDeadlineTimer] = "KVM_CAP_TSC_DEADLINE_TIMER",
        [KvmCapability.SignalMsi] = "KVM_CAP_SIGNAL_MSI",
        [KvmCapability.ReadOnlyMemory] = "KVM_CAP_READONLY_MEM",
        [KvmCapability.IrqRouting] = "KVM_CAP_IRQ_ROUTING",
        [KvmCapability.IrqFd] = "KVM_CAP_IRQFD",
        [KvmCapability.IoEventFd] = "KVM_CAP_IOEVENTFD",
        [KvmCapability.DoorbellsOfAnyLength] = "KVM_CAP_IOEVENTFD_ANY_LENGTH",
        [KvmCapability.SplitIrqChip] = "KVM_CAP_SPLIT_IRQCHIP",
        [KvmCapability.ImmediateExit] = "KVM_CAP_IMMEDIATE_EXIT",
        [KvmCapability.ExtendedState2] = "KVM_CAP_XSAVE2",
    };

    private static readonly Dictionary<KvmExitReason, string> _exits = new()
    {
        [KvmExitReason.Unknown] = "KVM_EXIT_UNKNOWN",
        [KvmExitReason.Exception] = "KVM_EXIT_EXCEPTION",
        [KvmExitReason.Io] = "KVM_EXIT_IO",
        [KvmExitReason.Hypercall] = "KVM_EXIT_HYPERCALL",
        [KvmExitReason.Debug] = "KVM_EXIT_DEBUG",
        [KvmExitReason.Hlt] = "KVM_EXIT_HLT",
        [KvmExitReason.Mmio] = "KVM_EXIT_MMIO",
        [KvmExitReason.IrqWindowOpen] = "KVM_EXIT_IRQ_WINDOW_OPEN",
        [KvmExitReason.Shutdown] = "KVM_EXIT_SHUTDOWN",
        [KvmExitReason.FailEntry] = "KVM_EXIT_FAIL_ENTRY",
        [KvmExitReason.Intr] = "KVM_EXIT_INTR",
        [KvmExitReason.InternalError] = "KVM_EXIT_INTERNAL_ERROR",
        [KvmExitReason.SystemEvent] = "KVM_EXIT_SYSTEM_EVENT",
        [KvmExitReason.IoApicEoi] = "KVM_EXIT_IOAPIC_EOI",
    };

    [Fact]
    public void RequestNumbers_AreTheHeaders() =>
        Compare([.. typeof(KvmRequests).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (field.Name, (ulong)(uint)field.GetValue(null)!))]);

    [Fact]
    public void Structures_AreTheHeaders() => Compare(StructLayouts.All());

    [Fact]
    public void Constants_AreTheHeaders()
    {
        Assert.Equal(Enum.GetValues<KvmCapability>().Order(), _capabilities.Keys.Order());
        Assert.Equal(Enum.GetValues<KvmExitReason>().Order(), _exits.Keys.Order());
        Compare([.. _capabilities.Select(pair => (pair.Value, (ulong)pair.Key)), .. _exits.Select(pair => (pair.Value, (ulong)pair.Key)), .. Others()]);
    }

    [Fact]
    public void EventConstants_AreTheHeaders() => Compare(
    [
        ("KVM_IOEVENTFD_FLAG_DATAMATCH", KvmIoEventFd.FlagDataMatch),
        ("KVM_IOEVENTFD_FLAG_PIO", KvmIoEventFd.FlagPort),
        ("KVM_IOEVENTFD_FLAG_DEASSIGN", KvmIoEventFd.FlagDeassign),
        ("KVM_IRQFD_FLAG_DEASSIGN", KvmIrqFd.FlagDeassign),
        ("KVM_IRQFD_FLAG_RESAMPLE", KvmIrqFd.FlagResample),
        ("KVM_IRQ_ROUTING_IRQCHIP", KvmRoutingEntry.Chip),
        ("KVM_IRQ_ROUTING_MSI", KvmRoutingEntry.Message),
        ("KVM_IRQCHIP_PIC_MASTER", KvmRoutingEntry.FirstPic),
        ("KVM_IRQCHIP_PIC_SLAVE", KvmRoutingEntry.FirstPic + 1),
        ("KVM_IRQCHIP_IOAPIC", KvmRoutingEntry.IoApic),
    ]);

    private static List<(string, ulong)> Others() =>
    [
        ("KVM_CPUID_FLAG_SIGNIFCANT_INDEX", KvmCpuidEntry.SignificantIndex),
        ("KVM_IRQCHIP_PIC_MASTER", KvmInterruptChip.FirstPic),
        ("KVM_IRQCHIP_PIC_SLAVE", KvmInterruptChip.SecondPic),
        ("KVM_IRQCHIP_IOAPIC", KvmInterruptChip.IoApic),
    ];

    private static void Compare(List<(string Expression, ulong Ours)> ours)
    {
        IReadOnlyList<ulong> theirs = KernelHeaders.Evaluate([.. ours.Select(each => each.Expression)]);
        Assert.Equal(ours.Select((each, index) => $"{each.Expression} = {theirs[index]}"), ours.Select(each => $"{each.Expression} = {each.Ours}"));
    }
}
