using Viaduct.Machine.Compression;
using Xunit;

namespace Viaduct.Machine.Tests.Compression;

public sealed class Crc32Tests
{
    [Fact]
    public void Compute_CheckString_IsTheCatalogued() => Assert.Equal(0xCBF4_3926u, Crc32.Compute("123456789"u8));

    [Fact]
    public void Compute_Nothing_IsZero() => Assert.Equal(0u, Crc32.Compute([]));
}
