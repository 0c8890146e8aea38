using Viaduct.Backends.Block;
using Viaduct.Engines.Kvm;

namespace Viaduct.Cli.Doctor;

/// <summary>What this host can do, as <c>--json</c> writes it.</summary>
internal sealed record DoctorReport
{
    /// <summary>Each engine.</summary>
    public required IReadOnlyList<EngineState> Engines { get; init; }

    /// <summary>Each road.</summary>
    public required IReadOnlyList<RoadState> Roads { get; init; }

    /// <summary>The disks' asynchronous I/O.</summary>
    public required FacilityState IoUring { get; init; }

    /// <summary>The engine that <c>--engine auto</c> takes.</summary>
    public required string Auto { get; init; }

    /// <summary>Looks at this host.</summary>
    internal static DoctorReport Examine() => Examine(KvmProbe.Run());

    private static DoctorReport Examine(KvmProbeResult kvm) => new()
    {
        Engines = [Kvm(kvm), new EngineState("software", true, "translates x86-64 on an x86-64 Linux, interprets it on any other host that has .NET", "")],
        Roads =
        [
            new RoadState("emulated", true, "NVMe disks", ""),
            new RoadState("paravirtual", true, "virtio-blk disks", ""),
            new RoadState("assigned", true, "devices of other processes over vfio-user; the host's own (VFIO) are not implemented in this version", "serve one: viaduct serve nvme --disk path=F --vfio-user SOCKET"),
            new RoadState("shared", true, "virtual functions of a served NVMe controller; those of the host's devices are not implemented in this version", "serve one: viaduct serve nvme --disk path=F --vfs N --vfio-user DIR"),
        ],
        IoUring = Disks(IoUringSupport.Current),
        Auto = kvm.Usable ? "kvm" : "software",
    };

    private static EngineState Kvm(KvmProbeResult probe) =>
        new("kvm", probe.Usable, probe.Usable ? "this host's processors run guests by its kernel's KVM" : probe.Reason, probe.Remedy);

    private static FacilityState Disks(IoUringSupport support) => support.Usable
        ? new FacilityState(true, "disks use io_uring", "")
        : new FacilityState(false, $"{support.Reason}; disks use threads instead", support.Remedy);
}
