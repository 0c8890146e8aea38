namespace Viaduct.Engines.Kvm;

/// <summary>What KVM is good for on this host.</summary>
/// <param name="Usable">Whether kernels run on it at a useful speed.</param>
/// <param name="Reason">Why not, for people; empty when usable.</param>
/// <param name="Remedy">What to do about it, for people; empty when usable.</param>
/// <param name="RunsUserCode">Whether it runs code at all: enough to compare instructions with the processor's.</param>
/// <param name="NanosecondsPerKernelInstruction">Measured at privilege level 0; zero where nothing ran.</param>
public readonly record struct KvmProbeResult(
    bool Usable,
    string Reason,
    string Remedy,
    bool RunsUserCode,
    double NanosecondsPerKernelInstruction);
