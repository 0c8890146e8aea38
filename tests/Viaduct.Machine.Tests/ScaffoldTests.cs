namespace Viaduct.Machine.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Machine.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
