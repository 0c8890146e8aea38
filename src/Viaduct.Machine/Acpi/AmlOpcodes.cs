namespace Viaduct.Machine.Acpi;

/// <summary>Opcodes of AML (ACPI 6.5, 20.3).</summary>
internal static class AmlOpcodes
{
    internal const byte Zero = 0x00;
    internal const byte One = 0x01;
    internal const byte Name = 0x08;
    internal const byte BytePrefix = 0x0A;
    internal const byte WordPrefix = 0x0B;
    internal const byte DWordPrefix = 0x0C;
    internal const byte StringPrefix = 0x0D;
    internal const byte QWordPrefix = 0x0E;
    internal const byte Scope = 0x10;
    internal const byte Buffer = 0x11;
    internal const byte Package = 0x12;
    internal const byte Method = 0x14;
    internal const byte DualNamePrefix = 0x2E;
    internal const byte MultiNamePrefix = 0x2F;
    internal const byte ExtendedPrefix = 0x5B;
    internal const byte ExtendedDevice = 0x82;
    internal const byte RootPrefix = 0x5C;
    internal const byte ParentPrefix = 0x5E;
    internal const byte Local0 = 0x60;
    internal const byte Arg0 = 0x68;
    internal const byte Store = 0x70;
    internal const byte And = 0x7B;
    internal const byte Or = 0x7D;
    internal const byte CreateDWordField = 0x8A;
    internal const byte LogicalNot = 0x92;
    internal const byte LogicalEqual = 0x93;
    internal const byte If = 0xA0;
    internal const byte Else = 0xA1;
    internal const byte Return = 0xA4;
    internal const byte Ones = 0xFF;
}
