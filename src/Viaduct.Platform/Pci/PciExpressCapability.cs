using System.Buffers.Binary;

namespace Viaduct.Platform.Pci;

/// <summary>
/// The PCI Express capability, version 2 (PCI Express Base 5.0, 7.5.3), of an endpoint, which can be reset by it, or
/// of a root port with a slot. The link is an 8 GT/s one of four lanes. A slot for hot plug (6.7) is one without
/// button, latch, indicators and power controller: what is there may go and another come at any time, and the port
/// interrupts when it does.
/// </summary>
public sealed class PciExpressCapability : IConfigRegisters
{
    private const byte Id = 0x10;
    private const int Length = 0x3C;

    private const int DeviceControl = 0x08;
    private const int LinkControl = 0x10;
    private const int LinkStatus = 0x12;
    private const int SlotControl = 0x18;
    private const int SlotStatus = 0x1A;
    private const int DeviceControl2 = 0x28;
    private const int LinkControl2 = 0x30;

    private const uint LinkSpeed = 3;
    private const uint LinkWidth = 4;
    private const uint DeviceControlReset = 1 << 15;
    private const uint LinkControlRetrain = 1 << 5;
    private const uint LinkStatusActive = 1 << 13;
    private const uint SlotCapabilitiesHotPlug = (1 << 5) | (1 << 6);
    private const uint SlotControlPresenceChanged = 1 << 3;
    private const uint SlotControlInterrupt = 1 << 5;
    private const uint SlotControlLinkChanged = 1 << 12;
    private const uint SlotStatusPresenceChanged = 1 << 3;
    private const uint SlotStatusPresent = 1 << 6;
    private const uint SlotStatusLinkChanged = 1 << 8;
    private const uint DeviceControl2AriForwarding = 1 << 5;

    private readonly PciFunction _function;
    private readonly bool _hotPlug;
    private bool _occupied;
    private bool _interrupting;

    internal PciExpressCapability(PciFunction function, PciExpressType type, int port, bool hotPlug)
    {
        _function = function;
        _hotPlug = hotPlug;
        Type = type;
        Span<byte> registers = stackalloc byte[Length];
        Span<byte> writable = stackalloc byte[Length];
        Span<byte> clearable = stackalloc byte[Length];
        Lay(registers, 0x02, 2, 2 | ((uint)type << 4) | (IsPort ? 1u << 8 : 0));
        LayDevice(registers, writable, clearable);
        if (type != PciExpressType.RootComplexEndpoint)
        {
            LayLink(registers, writable, port);
        }

        if (function.IsVirtual)
        {
            KeepReset(registers, writable);
        }

        if (IsPort)
        {
            LayPort(registers, writable, clearable, port);
        }

        Offset = function.AddCapability(Id, registers[2..], writable[2..], clearMask: clearable[2..]);
        function.Watch(Offset, Length, this);
    }

    /// <summary>What the function is.</summary>
    public PciExpressType Type { get; }

    /// <summary>Where the capability lies.</summary>
    public int Offset { get; }

    /// <summary>Whether the bus behind the port forwards to more functions than the eight of device 0 (7.5.3.16).</summary>
    internal bool AriForwarding => IsPort && (_function.Config.Read(Offset + DeviceControl2, 2) & DeviceControl2AriForwarding) != 0;

    private bool IsPort => Type == PciExpressType.RootPort;

    ConfigEffects IConfigRegisters.Written()
    {
        ConfigSpace config = _function.Config;
        uint link = config.Read(Offset + LinkControl, 2);
        if ((link & LinkControlRetrain) != 0)
        {
            // Reads as zero; the link is trained again before the guest can look.
            config.Set(Offset + LinkControl, 2, link & ~LinkControlRetrain);
        }

        if (_hotPlug)
        {
            UpdateInterrupt();
        }

        uint control = config.Read(Offset + DeviceControl, 2);
        if (IsPort || (control & DeviceControlReset) == 0)
        {
            return ConfigEffects.None;
        }

        config.Set(Offset + DeviceControl, 2, control & ~DeviceControlReset);
        return ConfigEffects.FunctionReset;
    }

    void IConfigRegisters.Reset() => _interrupting = false;

    /// <summary>Says whether something is in the slot: presence detect and data link layer state. Under the topology's lock.</summary>
    internal void SetOccupied(bool occupied)
    {
        ConfigSpace config = _function.Config;
        uint changes = config.Read(Offset + SlotStatus, 2) & (SlotStatusPresenceChanged | SlotStatusLinkChanged);
        config.Define(Offset + LinkStatus, 2, occupied ? LinkSpeed | (LinkWidth << 4) | LinkStatusActive : LinkSpeed | (LinkWidth << 4));
        config.Define(Offset + SlotStatus, 2, occupied ? SlotStatusPresent : 0, clearable: _hotPlug ? SlotStatusPresenceChanged | SlotStatusLinkChanged : 0);
        if (_hotPlug && occupied != _occupied)
        {
            changes = SlotStatusPresenceChanged | SlotStatusLinkChanged;
        }

        _occupied = occupied;
        if (changes != 0)
        {
            config.Set(Offset + SlotStatus, 2, (occupied ? SlotStatusPresent : 0) | changes);
            UpdateInterrupt();
        }
    }

    // One message when an enabled event comes up while none was (6.7.3.4); INTx as long as one is.
    private void UpdateInterrupt()
    {
        uint control = _function.Config.Read(Offset + SlotControl, 2);
        uint status = _function.Config.Read(Offset + SlotStatus, 2);
        bool presence = (status & SlotStatusPresenceChanged) != 0 && (control & SlotControlPresenceChanged) != 0;
        bool link = (status & SlotStatusLinkChanged) != 0 && (control & SlotControlLinkChanged) != 0;
        bool interrupting = (control & SlotControlInterrupt) != 0 && (presence || link);
        if (interrupting == _interrupting)
        {
            return;
        }

        _interrupting = interrupting;
        _function.IntX.Set(interrupting);
        if (interrupting)
        {
            _function.Msi?.Signal(0);
        }
    }

    private static void Lay(Span<byte> bytes, int offset, int size, uint value)
    {
        if (size == 2)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes[offset..], (ushort)value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[offset..], value);
        }
    }

    private void LayDevice(Span<byte> registers, Span<byte> writable, Span<byte> clearable)
    {
        // Capabilities (7.5.3.3): payloads of up to 256 bytes, extended tags, role-based error reporting; reset of the function.
        Lay(registers, 0x04, 4, 1 | (1u << 5) | (1u << 15) | (IsPort ? 0 : 1u << 28));

        // Control (7.5.3.4): relaxed ordering, no snoop, reads of up to 512 bytes after reset.
        Lay(registers, DeviceControl, 2, (1u << 4) | (1u << 11) | (2u << 12));
        Lay(writable, DeviceControl, 2, IsPort ? 0x79FFu : 0xF9FFu);

        // Status (7.5.3.5): the four error reports.
        Lay(clearable, 0x0A, 2, 0x000F);

        // Capabilities 2 (7.5.3.15): the completion time-out can be disabled; ports forward ARI.
        Lay(registers, 0x24, 4, (1u << 4) | (IsPort ? 1u << 5 : 0));
        Lay(writable, DeviceControl2, 2, (1u << 4) | (IsPort ? DeviceControl2AriForwarding : 0));
    }

    private void LayLink(Span<byte> registers, Span<byte> writable, int port)
    {
        // Capabilities (7.5.3.6): no ASPM, which ASPM optionality (22) lets a link say; ports report the link's state (20).
        uint link = LinkSpeed | (LinkWidth << 4) | (1u << 22) | ((uint)port << 24);
        Lay(registers, 0x0C, 4, IsPort ? link | (1u << 20) : link);

        // Control (7.5.3.7): ASPM, read completion boundary, common clock, extended synch; ports: disable and retrain.
        Lay(writable, LinkControl, 2, IsPort ? 0x00F3u : 0x00CBu);
        Lay(registers, LinkStatus, 2, LinkSpeed | (LinkWidth << 4));

        // Capabilities 2 and control 2 (7.5.3.18, 7.5.3.19): 2.5, 5 and 8 GT/s; the target speed.
        Lay(registers, 0x2C, 4, 0b1110);
        Lay(registers, LinkControl2, 2, LinkSpeed);
        Lay(writable, LinkControl2, 2, 0x000F);
    }

    /// <summary>Leaves a virtual function what it has of its own (9.3.5): its reset and its error reports. The rest of control and the link are its physical function's.</summary>
    private static void KeepReset(Span<byte> registers, Span<byte> writable)
    {
        writable.Clear();
        Lay(writable, DeviceControl, 2, DeviceControlReset);
        Lay(registers, DeviceControl, 2, 0);
        Lay(registers, LinkStatus, 2, 0);
        Lay(registers, LinkControl2, 2, 0);
    }

    private void LayPort(Span<byte> registers, Span<byte> writable, Span<byte> clearable, int port)
    {
        // Slot (7.5.3.9): its number, no command completed events, for there is nothing to command; hot plug, with surprise.
        Lay(registers, 0x14, 4, ((uint)port << 19) | (1u << 18) | (_hotPlug ? SlotCapabilitiesHotPlug : 0));
        if (_hotPlug)
        {
            Lay(writable, SlotControl, 2, SlotControlPresenceChanged | SlotControlInterrupt | SlotControlLinkChanged);
            Lay(clearable, SlotStatus, 2, SlotStatusPresenceChanged | SlotStatusLinkChanged);
        }

        // Root control (7.5.3.12): system errors and the PME interrupt; root status (7.5.3.14): the PME report.
        Lay(writable, 0x1C, 2, 0x000F);
        Lay(clearable, 0x20, 4, 1u << 16);
    }
}
