namespace Viaduct.Emulated.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Emulated.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
