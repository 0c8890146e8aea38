namespace Viaduct.Engines.Kvm;

/// <summary>How a machine runs on KVM.</summary>
public sealed record KvmEngineOptions
{
    /// <summary>The device.</summary>
    public string Path { get; init; } = "/dev/kvm";
}
