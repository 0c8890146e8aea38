namespace Viaduct.Guests;

public sealed class ScaffoldTests
{
    [Xunit.Fact]
    public void Assembly_IsNamedAfterItsFolder() => Xunit.Assert.Equal("Viaduct.Guests", typeof(ScaffoldTests).Assembly.GetName().Name);
}
