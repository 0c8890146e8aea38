namespace Viaduct.Backends.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Backends.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
