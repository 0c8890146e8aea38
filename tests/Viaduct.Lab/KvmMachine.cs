using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>An outer machine with two processors for guests on KVM.</summary>
public sealed class KvmMachine : OuterFixture
{
    /// <summary>Describes it.</summary>
    public KvmMachine()
        : base(new OuterOptions { Name = "kvm", Cpus = 2, NetworkPorts = 0 })
    {
    }
}
