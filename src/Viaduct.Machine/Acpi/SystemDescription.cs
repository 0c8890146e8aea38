namespace Viaduct.Machine.Acpi;

/// <summary>The DSDT: the PCI Express root complex, the ISA devices and what the board keeps for itself.</summary>
internal static class SystemDescription
{
    private const byte Revision = 2;

    /// <summary>SLP_TYP of the soft-off state, as the sleep control register takes it.</summary>
    private const byte SoftOff = 5;

    internal static byte[] Build(AcpiPlatform platform)
    {
        AcpiTable table = new("DSDT", Revision);
        table.Append(Aml.Scope(@"\_SB", Devices(platform)).Bytes);
        table.Append(Aml.Name(@"\_S5", Aml.Package(Aml.Integer(SoftOff), Aml.Integer(0), Aml.Integer(0), Aml.Integer(0))).Bytes);
        return table.Finish();
    }

    private static AmlTerm[] Devices(AcpiPlatform platform)
    {
        List<AmlTerm> devices = [PciRootDescription.Build(platform), Board(platform)];
        if (platform.HasSerialPort)
        {
            devices.Add(IsaDevice("COM1", "PNP0501", AmlResource.Io(0x3F8, 8), AmlResource.IrqNoFlags(4)));
        }

        if (platform.HasRealTimeClock)
        {
            devices.Add(IsaDevice("RTC", "PNP0B00", AmlResource.Io(0x70, 2), AmlResource.IrqNoFlags(8)));
        }

        return [.. devices];
    }

    private static AmlTerm IsaDevice(string name, string id, AmlResource ports, AmlResource interrupt) => Aml.Device(
        name,
        Aml.Name("_HID", Aml.EisaId(id)),
        Aml.Name("_UID", Aml.Integer(1)),
        Aml.Name("_CRS", Aml.ResourceTemplate(ports, interrupt)));

    /// <summary>What no driver claims. Guests trust configuration space only when it is listed here.</summary>
    private static AmlTerm Board(AcpiPlatform platform)
    {
        ulong length = AcpiTables.EcamLength(platform);
        ulong last = platform.EcamAddress + length - 1;
        AmlResource configuration = last <= uint.MaxValue
            ? AmlResource.Memory32Fixed((uint)platform.EcamAddress, (uint)length)
            : AmlResource.QWordMemoryConsumed(platform.EcamAddress, last);
        return Aml.Device(
            "BRD",
            Aml.Name("_HID", Aml.EisaId("PNP0C02")),
            Aml.Name("_UID", Aml.Integer(1)),
            Aml.Name("_CRS", Aml.ResourceTemplate(configuration, AmlResource.Io(FixedDescription.EventPort, FixedDescription.EventLength + FixedDescription.ControlLength))));
    }
}
