namespace Viaduct.Platform.Tests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Platform.Tests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
