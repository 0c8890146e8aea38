using System.Buffers.Binary;
using Viaduct.Machine.Acpi;
using Viaduct.Machine.Boot;
using Xunit;

namespace Viaduct.Machine.Tests.Acpi;

public sealed class AcpiTablesTests
{
    private static readonly AcpiPlatform _platform = new()
    {
        ApicIds = [0, 1, 2, 3],
        IoApicId = 4,
        EcamAddress = 0xE000_0000,
        LastBus = 255,
        Mmio32First = 0xC000_0000,
        Mmio32Last = 0xDFFF_FFFF,
        Mmio64First = 0x10_0000_0000,
        Mmio64Last = 0x4F_FFFF_FFFF,
    };

    [Fact]
    public void Tables_AreThoseAGuestNeeds()
    {
        ParsedTables parsed = Parse(_platform);
        Assert.Equal(["APIC", "DSDT", "FACP", "MCFG"], parsed.Tables.Keys.Order());
    }

    [Fact]
    public void MemoryMap_CoversTablesAndConfigurationSpace()
    {
        AcpiImage image = AcpiTables.Build(_platform with { LastBus = 15 });
        Assert.Equal(0xE_0000ul, image.Address);
        Assert.Equal(
            [new MemoryRange(0xE_0000, 0x1000, MemoryRangeKind.AcpiReclaimable), new MemoryRange(0xE000_0000, 16 << 20, MemoryRangeKind.Reserved)],
            image.MemoryMap);
    }

    [Fact]
    public void Fadt_HasPowerManagementRegistersAndReset()
    {
        byte[] fadt = Parse(_platform).Fadt;
        Assert.Equal(276, fadt.Length);
        Assert.Equal(6, fadt[8]);
        Assert.Equal(0x32, fadt[108]);
        Assert.Equal(0x0005, BinaryPrimitives.ReadUInt16LittleEndian(fadt.AsSpan(109)));
        Assert.Equal(0x0000_0475u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(112)));
        Assert.Equal("01080001F90C000000000000", Convert.ToHexString(fadt, 116, 12));
        Assert.Equal(6, fadt[128]);
        Assert.Equal(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40)), BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)));

        // SCI 9, no SMI command, PM1 event and control blocks by their 32-bit addresses alone.
        Assert.Equal(9, BinaryPrimitives.ReadUInt16LittleEndian(fadt.AsSpan(46)));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(48)));
        Assert.Equal(0x600u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(56)));
        Assert.Equal(0x604u, BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(64)));
        Assert.Equal("0402", Convert.ToHexString(fadt, 88, 2));
        Assert.All(fadt[148..268], value => Assert.Equal(0, value));
    }

    [Fact]
    public void Fadt_SaysWhichLegacyDevicesAreMissing()
    {
        ParsedTables parsed = Parse(_platform with { HasSerialPort = false, HasRealTimeClock = false });
        Assert.Equal(0x0024, BinaryPrimitives.ReadUInt16LittleEndian(parsed.Fadt.AsSpan(109)));
        Assert.Equal(0, parsed.Fadt[108]);
        Assert.DoesNotContain("_SB.COM1._HID", parsed.Namespace.Keys);
        Assert.DoesNotContain("_SB.RTC._HID", parsed.Namespace.Keys);
    }

    [Fact]
    public void Madt_ListsProcessorsAndTheIoApic()
    {
        ParsedTables parsed = Parse(_platform);
        Assert.Equal("0000E0FE00000000", Convert.ToHexString(parsed.Madt, 36, 8));
        Assert.Equal(
            ["0008000001000000", "0008010101000000", "0008020201000000", "0008030301000000", "010C04000000C0FE00000000"],
            parsed.Controllers().Select(controller => Convert.ToHexString(controller.Bytes)));
    }

    [Fact]
    public void Madt_UsesWideEntriesForWideIds()
    {
        ParsedTables parsed = Parse(_platform with { ApicIds = [0, 254, 255, 0x1_0000] });
        Assert.Equal(
            ["0008000001000000", "000801FE01000000", "09100000FF0000000100000002000000", "09100000000001000100000003000000"],
            parsed.Controllers().SkipLast(1).Select(controller => Convert.ToHexString(controller.Bytes)));
    }

    [Fact]
    public void Mcfg_GivesConfigurationSpace()
    {
        byte[] mcfg = Parse(_platform with { LastBus = 63 }).Tables["MCFG"];
        Assert.Equal("0000000000000000" + "000000E000000000" + "0000" + "00" + "3F" + "00000000", Convert.ToHexString(mcfg, 36, 24));
    }

    [Fact]
    public void PciRoot_IsIdentifiedAsPciExpress()
    {
        Dictionary<string, object> names = Parse(_platform).Namespace;
        Assert.Equal(0x080A_D041ul, names["_SB.PCI0._HID"]);
        Assert.Equal(0x030A_D041ul, names["_SB.PCI0._CID"]);
        Assert.Equal(0ul, names["_SB.PCI0._UID"]);
        Assert.Equal(0ul, names["_SB.PCI0._SEG"]);
        Assert.Equal(0ul, names["_SB.PCI0._BBN"]);
        Assert.Equal([5ul, 0ul, 0ul, 0ul], (object[])names["_S5"]);
    }

    [Fact]
    public void PciRoot_GivesItsWindows()
    {
        AmlTerm expected = Aml.ResourceTemplate(
            AmlResource.WordBusNumber(0, 255),
            AmlResource.Io(0xCF8, 8),
            AmlResource.WordIo(0, 0xCF7),
            AmlResource.WordIo(0xD00, 0xFFFF),
            AmlResource.DWordMemory(0xC000_0000, 0xDFFF_FFFF),
            AmlResource.QWordMemory(0x10_0000_0000, 0x4F_FFFF_FFFF));
        byte[] windows = (byte[])Parse(_platform).Namespace["_SB.PCI0._CRS"];
        Assert.Equal(Buffer(expected), windows);
        byte[] narrow = (byte[])Parse(_platform with { Mmio64First = null }).Namespace["_SB.PCI0._CRS"];
        Assert.Equal(windows.Length - 46, narrow.Length);
    }

    [Fact]
    public void PciRoot_RoutesPinsRoundTheFourLines()
    {
        object[] routes = (object[])Parse(_platform with { FirstPciLine = 20 }).Namespace["_SB.PCI0._PRT"];
        Assert.Equal(128, routes.Length);
        for (uint i = 0; i < routes.Length; i++)
        {
            uint device = i / 4;
            uint pin = i % 4;
            Assert.Equal([(ulong)((device << 16) | 0xFFFF), (ulong)pin, 0ul, 20ul + ((device + pin) % 4)], (object[])routes[i]);
        }
    }

    [Theory]
    [InlineData(PciExpressControl.None, 0x10)]
    [InlineData(PciExpressControl.HotPlug | PciExpressControl.ErrorReporting, 0x19)]
    [InlineData(PciExpressControl.PowerManagementEvents | PciExpressControl.LatencyTolerance, 0x34)]
    public void Osc_GrantsWhatWorks(PciExpressControl control, byte granted)
    {
        byte[] method = (byte[])Parse(_platform with { NativeControl = control }).Namespace["_SB.PCI0._OSC"];

        // Four arguments, serialized; And(CDW3, mask, Local0); it ends with the return of the buffer.
        Assert.Equal(0x0C, method[0]);
        Assert.Contains($"7B434457330A{granted:X2}60", Convert.ToHexString(method), StringComparison.Ordinal);
        Assert.Equal("A46B", Convert.ToHexString(method[^2..]));
    }

    [Fact]
    public void Board_ReservesConfigurationSpace_SoThatGuestsTrustIt()
    {
        Dictionary<string, object> names = Parse(_platform).Namespace;
        Assert.Equal(0x020C_D041ul, names["_SB.BRD._HID"]);
        AmlTerm low = Aml.ResourceTemplate(AmlResource.Memory32Fixed(0xE000_0000, 0x1000_0000), AmlResource.Io(0x600, 6));
        Assert.Equal(Buffer(low), (byte[])names["_SB.BRD._CRS"]);
        AmlTerm high = Aml.ResourceTemplate(AmlResource.QWordMemoryConsumed(0x80_0000_0000, 0x80_0FFF_FFFF), AmlResource.Io(0x600, 6));
        Assert.Equal(Buffer(high), (byte[])Parse(_platform with { EcamAddress = 0x80_0000_0000 }).Namespace["_SB.BRD._CRS"]);
    }

    [Fact]
    public void IsaDevices_HaveTheirPortsAndInterrupts()
    {
        Dictionary<string, object> names = Parse(_platform).Namespace;
        Assert.Equal(0x0105_D041ul, names["_SB.COM1._HID"]);
        Assert.Equal("4701F803F8030108" + "221000" + "7900", Convert.ToHexString((byte[])names["_SB.COM1._CRS"]));
        Assert.Equal(0x000B_D041ul, names["_SB.RTC._HID"]);
        Assert.Equal("4701700070000102" + "220001" + "7900", Convert.ToHexString((byte[])names["_SB.RTC._CRS"]));
    }

    [Fact]
    public void Build_OfWhatCannotBe_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => AcpiTables.Build(_platform with { ApicIds = [] }));
        Assert.Throws<ArgumentException>(() => AcpiTables.Build(_platform with { TablesAddress = 0xE_0008 }));
        Assert.Throws<ArgumentException>(() => AcpiTables.Build(_platform with { TablesLength = 1024 }));
    }

    [Fact]
    public void Build_OfManyProcessorsAboveFourGiB_StillParses()
    {
        uint[] ids = [.. Enumerable.Range(0, 1024).Select(id => (uint)id)];
        ParsedTables parsed = Parse(_platform with { ApicIds = ids, TablesAddress = 0x2_0000_0000 });
        Assert.Equal(1025, parsed.Controllers().Count());
        Assert.Equal(0u, BinaryPrimitives.ReadUInt32LittleEndian(parsed.Fadt.AsSpan(40)));
    }

    private static ParsedTables Parse(AcpiPlatform platform) => new(AcpiTables.Build(platform));

    /// <summary>The bytes of a buffer term.</summary>
    private static byte[] Buffer(AmlTerm term) => (byte[])AmlReader.Read(Aml.Name("ABCD", term).Bytes.ToArray())["ABCD"];
}
