namespace Viaduct.Machine.Acpi;

/// <summary>The FADT of a hardware-reduced machine (ACPI 6.5, 5.2.9): it has none of the fixed hardware, so most fields are zero.</summary>
internal static class FixedDescription
{
    internal const ushort ResetPort = 0xCF9;
    internal const byte ResetValue = 0x06;
    internal const ushort SleepControlPort = 0x600;
    internal const ushort SleepStatusPort = 0x601;

    private const byte Revision = 6;
    private const byte MinorRevision = 5;
    private const byte EnterpriseServer = 4;
    private const byte CenturyRegister = 0x32;

    /// <summary>IAPC_BOOT_ARCH (5.2.9.3). Bits that are clear say: no 8042, MSI works.</summary>
    private const ushort LegacyDevices = 1 << 0;
    private const ushort NoVga = 1 << 2;
    private const ushort NoCmosClock = 1 << 5;

    /// <summary>Fixed feature flags (table 5.10).</summary>
    private const uint WriteBackInvalidate = 1 << 0;
    private const uint ProcessorC1 = 1 << 2;
    private const uint NoFixedPowerButton = 1 << 4;
    private const uint NoFixedSleepButton = 1 << 5;
    private const uint NoFixedClockWake = 1 << 6;
    private const uint ResetRegister = 1 << 10;
    private const uint HardwareReduced = 1 << 20;

    internal static byte[] Build(AcpiPlatform platform, ulong dsdt)
    {
        ushort boot = NoVga;
        boot |= platform.HasSerialPort ? LegacyDevices : (ushort)0;
        boot |= platform.HasRealTimeClock ? (ushort)0 : NoCmosClock;
        const uint Flags = WriteBackInvalidate | ProcessorC1 | NoFixedPowerButton | NoFixedSleepButton | NoFixedClockWake | ResetRegister | HardwareReduced;

        AcpiTable table = new("FACP", Revision);
        table.UInt32(0).UInt32(dsdt <= uint.MaxValue ? (uint)dsdt : 0);
        table.UInt8(0).UInt8(EnterpriseServer);

        // From SCI_INT to MON_ALRM: the fixed hardware that is not there.
        table.Zeros(108 - table.Length);
        table.UInt8(platform.HasRealTimeClock ? CenturyRegister : (byte)0);
        table.UInt16(boot).UInt8(0).UInt32(Flags);
        table.IoByteRegister(ResetPort).UInt8(ResetValue);
        table.UInt16(0).UInt8(MinorRevision);
        table.UInt64(0).UInt64(dsdt);

        // From X_PM1a_EVT_BLK to X_GPE1_BLK.
        table.Zeros(244 - table.Length);
        table.IoByteRegister(SleepControlPort).IoByteRegister(SleepStatusPort);
        table.Text("VIADUCT", 8);
        return table.Finish();
    }
}
