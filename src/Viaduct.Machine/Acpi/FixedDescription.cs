namespace Viaduct.Machine.Acpi;

/// <summary>The FADT (ACPI 6.5, 5.2.9). Of the fixed hardware the machine has the PM1 registers alone: with the hardware-reduced profile, which has none, Linux resets by EFI or not at all.</summary>
internal static class FixedDescription
{
    internal const ushort ResetPort = 0xCF9;
    internal const byte ResetValue = 0x06;
    internal const ushort EventPort = 0x600;
    internal const ushort ControlPort = 0x604;
    internal const byte EventLength = 4;
    internal const byte ControlLength = 2;
    internal const ushort SciInterrupt = 9;

    private const byte Revision = 6;
    private const byte MinorRevision = 5;
    private const byte EnterpriseServer = 4;
    private const byte CenturyRegister = 0x32;

    /// <summary>Latencies that say that a processor has no C2 and no C3.</summary>
    private const ushort NoC2 = 101;
    private const ushort NoC3 = 1001;

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

    internal static byte[] Build(AcpiPlatform platform, ulong dsdt)
    {
        ushort boot = NoVga;
        boot |= platform.HasSerialPort ? LegacyDevices : (ushort)0;
        boot |= platform.HasRealTimeClock ? (ushort)0 : NoCmosClock;
        const uint Flags = WriteBackInvalidate | ProcessorC1 | NoFixedPowerButton | NoFixedSleepButton | NoFixedClockWake | ResetRegister;

        AcpiTable table = new("FACP", Revision);
        table.UInt32(0).UInt32(dsdt <= uint.MaxValue ? (uint)dsdt : 0);
        table.UInt8(0).UInt8(EnterpriseServer);

        // No SMI command: the machine is in ACPI mode from the start.
        table.UInt16(SciInterrupt).Zeros(56 - table.Length);
        table.UInt32(EventPort).UInt32(0).UInt32(ControlPort).Zeros(88 - table.Length);
        table.UInt8(EventLength).UInt8(ControlLength).Zeros(96 - table.Length);
        table.UInt16(NoC2).UInt16(NoC3).Zeros(108 - table.Length);
        table.UInt8(platform.HasRealTimeClock ? CenturyRegister : (byte)0);
        table.UInt16(boot).UInt8(0).UInt32(Flags);
        table.IoByteRegister(ResetPort).UInt8(ResetValue);
        table.UInt16(0).UInt8(MinorRevision);
        table.UInt64(0).UInt64(dsdt);

        // The 32-bit addresses above say all; from X_PM1a_EVT_BLK to SLEEP_STATUS_REG.
        table.Zeros(268 - table.Length);
        table.Text("VIADUCT", 8);
        return table.Finish();
    }
}
