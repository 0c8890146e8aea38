namespace Viaduct.Machine.Acpi;

/// <summary>The device that stands for the PCI Express root complex (PCI Firmware Specification 3.3, chapter 4).</summary>
internal static class PciRootDescription
{
    private const int Devices = 32;
    private const int Pins = 4;
    private const ushort ConfigurationPorts = 0xCF8;
    private const uint EveryFunction = 0xFFFF;

    /// <summary>Status bits in the first word of _OSC's buffer (ACPI 6.5, 6.2.11).</summary>
    private const ulong UnknownUuid = 1 << 2;
    private const ulong UnknownRevision = 1 << 3;
    private const ulong Masked = 1 << 4;

    private static readonly Guid _hostBridge = new("33DB4D5B-1FF7-401C-9657-7441C03DD766");

    internal static AmlTerm Build(AcpiPlatform platform) => Aml.Device(
        "PCI0",
        Aml.Name("_HID", Aml.EisaId("PNP0A08")),
        Aml.Name("_CID", Aml.EisaId("PNP0A03")),
        Aml.Name("_UID", Aml.Integer(0)),
        Aml.Name("_SEG", Aml.Integer(0)),
        Aml.Name("_BBN", Aml.Integer(0)),
        Aml.Name("_CRS", Windows(platform)),
        Aml.Name("_PRT", Routing(platform)),
        OperatingSystemCapabilities(platform));

    private static AmlTerm Windows(AcpiPlatform platform)
    {
        List<AmlResource> resources =
        [
            AmlResource.WordBusNumber(0, platform.LastBus),
            AmlResource.Io(ConfigurationPorts, 8),
            AmlResource.WordIo(0, ConfigurationPorts - 1),
            AmlResource.WordIo(ConfigurationPorts + 8, ushort.MaxValue),
            AmlResource.DWordMemory(platform.Mmio32First, platform.Mmio32Last),
        ];
        if (platform.Mmio64First is { } first)
        {
            resources.Add(AmlResource.QWordMemory(first, platform.Mmio64Last));
        }

        return Aml.ResourceTemplate([.. resources]);
    }

    /// <summary>Pin n of device d is on line (d + n) mod 4, wired to the I/O APIC.</summary>
    private static AmlTerm Routing(AcpiPlatform platform)
    {
        AmlTerm[] entries = new AmlTerm[Devices * Pins];
        for (uint device = 0; device < Devices; device++)
        {
            for (uint pin = 0; pin < Pins; pin++)
            {
                entries[(device * Pins) + pin] = Aml.Package(
                    Aml.Integer((device << 16) | EveryFunction),
                    Aml.Integer(pin),
                    Aml.Integer(0),
                    Aml.Integer(platform.FirstPciLine + ((device + pin) % Pins)));
            }
        }

        return Aml.Package(entries);
    }

    /// <summary>_OSC: takes back, of what the guest asks to control, all that doesn't work here.</summary>
    private static AmlTerm OperatingSystemCapabilities(AcpiPlatform platform)
    {
        AmlTerm buffer = Aml.Argument(3);
        AmlTerm status = Aml.Reference("CDW1");
        AmlTerm control = Aml.Reference("CDW3");
        AmlTerm granted = Aml.Local(0);
        ulong grantable = (ulong)(platform.NativeControl | PciExpressControl.Capability);
        return Aml.Method(
            "_OSC",
            4,
            Aml.CreateDWordField(buffer, 0, "CDW1"),
            Aml.If(
                Aml.Equal(Aml.Argument(0), Aml.Uuid(_hostBridge)),
                Aml.CreateDWordField(buffer, 8, "CDW3"),
                Aml.And(control, Aml.Integer(grantable), granted),
                Aml.If(
                    Aml.Not(Aml.Equal(Aml.Argument(1), Aml.Integer(1))),
                    Aml.Or(status, Aml.Integer(UnknownRevision), status)),
                Aml.If(
                    Aml.Not(Aml.Equal(granted, control)),
                    Aml.Or(status, Aml.Integer(Masked), status)),
                Aml.Store(granted, control)),
            Aml.Else(Aml.Or(status, Aml.Integer(UnknownUuid), status)),
            Aml.Return(buffer));
    }
}
