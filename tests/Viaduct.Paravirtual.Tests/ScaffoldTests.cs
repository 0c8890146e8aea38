namespace Viaduct.Paravirtual.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Paravirtual.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
