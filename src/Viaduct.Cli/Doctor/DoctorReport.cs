using Viaduct.Backends.Block;
using Viaduct.Cli.Doctor.Host;
using Viaduct.Engines.Kvm;

namespace Viaduct.Cli.Doctor;

/// <summary>What this host can do, as <c>--json</c> writes it.</summary>
internal sealed record DoctorReport
{
    /// <summary>Each engine.</summary>
    public required IReadOnlyList<EngineState> Engines { get; init; }

    /// <summary>Each road.</summary>
    public required IReadOnlyList<RoadState> Roads { get; init; }

    /// <summary>What this host has for its own devices to be guests'.</summary>
    public required IReadOnlyList<HostFinding> Host { get; init; }

    /// <summary>The disks' asynchronous I/O.</summary>
    public required FacilityState IoUring { get; init; }

    /// <summary>The engine that <c>--engine auto</c> takes.</summary>
    public required string Auto { get; init; }

    /// <summary>Looks at this host.</summary>
    internal static DoctorReport Examine()
    {
        HostFiles files = new("/");
        return Examine(KvmProbe.Run(), VirtualizationCheck.Look(files), HostReport.Look(files));
    }

    /// <summary>Draws conclusions.</summary>
    /// <param name="kvm">What KVM is worth.</param>
    /// <param name="absent">Why there is none; null where there is.</param>
    /// <param name="host">What the host has for its own devices to be guests'.</param>
    internal static DoctorReport Examine(KvmProbeResult kvm, (string Reason, string Remedy)? absent, HostReport host) => new()
    {
        Engines =
        [
            Kvm(absent is { } found ? kvm with { Reason = found.Reason, Remedy = found.Remedy } : kvm),
            new EngineState("software", true, "translates x86-64 on an x86-64 Linux, interprets it on any other host that has .NET", ""),
        ],
        Roads =
        [
            new RoadState("emulated", true, "NVMe disks", ""),
            new RoadState("paravirtual", true, "virtio-blk disks", ""),
            Assigned(host),
            Shared(host),
        ],
        Host = host.All,
        IoUring = Disks(IoUringSupport.Current),
        Auto = kvm.Usable ? "kvm" : "software",
    };

    private static EngineState Kvm(KvmProbeResult probe) =>
        new("kvm", probe.Usable, probe.Usable ? "this host's processors run guests by its kernel's KVM" : probe.Reason, probe.Remedy);

    // Served devices take these roads on any host; the host's own only where it has what that takes.
    private static RoadState Assigned(HostReport host) => host.KeepsDevices is { } missing
        ? new RoadState("assigned", true, $"devices of other processes over vfio-user; none of this host's own: {missing.Name}: {missing.Reason}", Remedy(host, missing))
        : new RoadState("assigned", true, "this host's own devices by VFIO, and those of other processes over vfio-user", "");

    private static RoadState Shared(HostReport host) => host.KeepsFunctions is { } missing
        ? new RoadState("shared", true, $"virtual functions of a served NVMe controller; none of this host's devices: {missing.Name}: {missing.Reason}", Remedy(host, missing))
        : new RoadState("shared", true, $"virtual functions of this host's devices, {host.Sriov.Reason}, and of served NVMe controllers", "");

    // Where remapping is missing for want of an IOMMU, that one's remedy helps.
    private static string Remedy(HostReport host, HostFinding missing) => missing.Remedy.Length > 0 ? missing.Remedy : host.Iommu.Remedy;

    private static FacilityState Disks(IoUringSupport support) => support.Usable
        ? new FacilityState(true, "disks use io_uring", "")
        : new FacilityState(false, $"{support.Reason}; disks use threads instead", support.Remedy);
}
