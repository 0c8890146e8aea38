using Viaduct.Engines.Kvm;
using Viaduct.Engines.Software;
using Viaduct.Machine.Specification;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;

namespace Viaduct.Machine;

/// <summary>What an engine choice comes to on this host.</summary>
/// <param name="Engine"><see cref="EngineChoice.Kvm"/> or <see cref="EngineChoice.Software"/>.</param>
/// <param name="Reason">Why <see cref="EngineChoice.Auto"/> didn't take KVM, for people; empty where it did, or wasn't asked.</param>
public sealed record EngineSelection(EngineChoice Engine, string Reason)
{
    private static readonly Lazy<Task<KvmProbeResult>> _probe = new(static () => Task.Run(KvmProbe.Run));

    /// <summary>Begins to ask what this host's KVM is worth, so that a choice made later needn't wait for it. Returns at once.</summary>
    public static void Prepare() => _ = _probe.Value;

    /// <summary>Makes the choice.</summary>
    public static EngineSelection Of(EngineChoice wanted)
    {
        if (wanted != EngineChoice.Auto)
        {
            return new EngineSelection(wanted, "");
        }

        KvmProbeResult probe = _probe.Value.GetAwaiter().GetResult();
        return probe.Usable ? new EngineSelection(EngineChoice.Kvm, "") : new EngineSelection(EngineChoice.Software, probe.Reason);
    }

    internal IEngine Create(MachineSpec spec, AddressSpace memory, AddressSpace ports) => Engine == EngineChoice.Kvm
        ? new KvmEngine(memory, ports, spec.Cpus)
        : new SoftwareEngine(memory, ports, spec.Cpus, spec.Software);
}
