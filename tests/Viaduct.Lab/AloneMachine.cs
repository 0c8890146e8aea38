using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>An outer machine with two processors and no network, for what is measured.</summary>
public sealed class AloneMachine : OuterFixture
{
    /// <summary>Describes it.</summary>
    public AloneMachine()
        : base(new OuterOptions { Name = "alone", Cpus = 2, NetworkPorts = 0 })
    {
    }
}
