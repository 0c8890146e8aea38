namespace Viaduct.Engines.Software.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Engines.Software.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
