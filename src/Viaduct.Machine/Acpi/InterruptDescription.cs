namespace Viaduct.Machine.Acpi;

/// <summary>The MADT (ACPI 6.5, 5.2.12): local APICs and one I/O APIC, no 8259s.</summary>
internal static class InterruptDescription
{
    private const byte Revision = 5;
    private const byte LocalApic = 0;
    private const byte IoApic = 1;
    private const byte LocalX2Apic = 9;
    private const uint Enabled = 1;

    /// <summary>Ids from here on don't fit the 8-bit structure, in which 255 means everyone.</summary>
    private const uint FirstWideId = 255;

    internal static byte[] Build(AcpiPlatform platform)
    {
        AcpiTable table = new("APIC", Revision);
        table.UInt32(platform.LocalApicAddress).UInt32(0);
        for (int i = 0; i < platform.ApicIds.Count; i++)
        {
            uint id = platform.ApicIds[i];
            if (id < FirstWideId && i < FirstWideId)
            {
                table.UInt8(LocalApic).UInt8(8).UInt8((byte)i).UInt8((byte)id).UInt32(Enabled);
            }
            else
            {
                table.UInt8(LocalX2Apic).UInt8(16).UInt16(0).UInt32(id).UInt32(Enabled).UInt32((uint)i);
            }
        }

        table.UInt8(IoApic).UInt8(12).UInt8(platform.IoApicId).UInt8(0).UInt32(platform.IoApicAddress).UInt32(0);
        return table.Finish();
    }
}
