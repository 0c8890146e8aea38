namespace Viaduct.Machine.Acpi;

/// <summary>A piece of AML that stands on its own: a datum, an expression, a statement or a declaration. Made by <see cref="Aml"/>.</summary>
public readonly struct AmlTerm
{
    private readonly byte[]? _bytes;

    internal AmlTerm(byte[] bytes) => _bytes = bytes;

    /// <summary>Its encoding.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;
}
