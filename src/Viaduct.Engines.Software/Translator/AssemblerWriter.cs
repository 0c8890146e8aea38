using Iced.Intel;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Where Iced's encoder writes.</summary>
internal sealed class AssemblerWriter(HostAssembler code) : CodeWriter
{
    /// <inheritdoc/>
    public override void WriteByte(byte value) => code.Byte(value);
}
