namespace Viaduct.Machine.Specification;

/// <summary>What is to run the guest.</summary>
public enum EngineChoice
{
    /// <summary>KVM where it carries a stock guest well, the software engine elsewhere.</summary>
    Auto,

    /// <summary>The kernel's virtual machines.</summary>
    Kvm,

    /// <summary>Viaduct's own processor in software.</summary>
    Software,
}
