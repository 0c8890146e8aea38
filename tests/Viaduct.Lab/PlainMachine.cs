using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>An outer machine with one network port.</summary>
public sealed class PlainMachine : OuterFixture
{
    /// <summary>Describes it.</summary>
    public PlainMachine()
        : base(new OuterOptions { Name = "plain" })
    {
    }
}
