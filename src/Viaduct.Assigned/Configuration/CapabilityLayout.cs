using Viaduct.Platform.Accounting;
using Viaduct.Platform.Pci;

namespace Viaduct.Assigned.Configuration;

/// <summary>
/// Which of a device's capabilities the guest sees, and how. Power management, MSI, MSI-X and PCI Express are kept
/// here; vendor-specific registers and vital product data are the device's; of the extended ones, error reporting and
/// the serial number are shown as they stood. The rest is hidden: it would promise what a bus above doesn't do, or
/// give the guest a say in what isn't its own (SR-IOV, ARI, ATS, resizable BARs).
/// </summary>
internal sealed class CapabilityLayout
{
    private const byte PowerManagement = 0x01;
    private const byte VitalProductData = 0x03;
    private const byte Msi = 0x05;
    private const byte VendorSpecific = 0x09;
    private const byte Msix = 0x11;
    private const int MsiLength = 0x18;
    private const int MsixLength = 0x0C;
    private const int PowerManagementLength = 8;
    private const ushort ErrorReporting = 0x0001;
    private const ushort SerialNumber = 0x0003;
    private const ushort ExtendedVendorSpecific = 0x000B;

    private readonly PciFunction _function;
    private readonly IAssignedDevice _device;
    private readonly DeviceConfig _config;
    private readonly IEventLog _log;
    private readonly PciBar?[] _bars;

    /// <param name="function">What the guest sees.</param>
    /// <param name="device">The device.</param>
    /// <param name="config">Its configuration space.</param>
    /// <param name="bars">Its BARs, by index.</param>
    /// <param name="log">Where it says what it left out.</param>
    internal CapabilityLayout(PciFunction function, IAssignedDevice device, DeviceConfig config, PciBar?[] bars, IEventLog log)
    {
        _function = function;
        _device = device;
        _config = config;
        _bars = bars;
        _log = log;
    }

    /// <summary>The guest's MSI-X, if the device has it.</summary>
    internal MsixCapability? MessageTable { get; private set; }

    /// <summary>The guest's MSI, if the device has it.</summary>
    internal MsiCapability? Messages { get; private set; }

    /// <summary>The guest's power management, if the device has it.</summary>
    internal PowerManagementCapability? Power { get; private set; }

    /// <summary>Where the MSI-X table and the pending bits lie: BAR, offset, bytes.</summary>
    internal IReadOnlyList<(int Bar, ulong Offset, ulong Length)> MsixStructures { get; private set; } = [];

    /// <summary>Adds them all to the function.</summary>
    internal void Lay()
    {
        LayConventional();
        if (_config.Length > 256)
        {
            LayExtended();
        }
    }

    private void LayConventional()
    {
        ConfigRoom room = new(0x40, 0x100);
        IReadOnlyList<(byte Id, int Offset)> all = _config.Capabilities();
        Dictionary<int, int> places = [];

        // Drivers know where vendor-specific registers are, so these come first; MSI may be longer than the device's.
        foreach ((byte id, int offset) in all.OrderBy(each => each.Id == VendorSpecific ? 0 : each.Id == Msi ? 2 : 1))
        {
            if (LengthOf(id, offset) is int length and > 2 && room.TryTake(offset, length, out int place))
            {
                places.Add(offset, place);
            }
        }

        foreach ((byte id, int offset) in all)
        {
            if (places.TryGetValue(offset, out int place))
            {
                _function.PlaceNextCapability(place);
                Add(id, offset, LengthOf(id, offset));
            }
            else if (LengthOf(id, offset) != 0)
            {
                _log.Warn(_function.Name, $"no room in configuration space for capability {id:X2}h");
            }
        }
    }

    private int LengthOf(byte id, int offset)
    {
        int rest = 0x100 - offset;
        return id switch
        {
            PowerManagement => PowerManagementLength,
            Msi when _device.InterruptCount(AssignedInterrupt.Msi) > 0 => MsiLength,
            Msix when _device.InterruptCount(AssignedInterrupt.Msix) > 0 => MsixLength,
            ExpressRegisters.Id => ExpressRegisters.LengthOf(_config, offset),
            VitalProductData => Math.Min(8, rest),
            VendorSpecific => Math.Min(_config.Byte(offset + 2), rest),
            _ => 0,
        };
    }

    private void Add(byte id, int offset, int length)
    {
        switch (id)
        {
            case PowerManagement when Power is null:
                Power = _function.AddPowerManagement();
                break;
            case Msi when Messages is null:
                int messages = 1 << Math.Min((_config.Word(offset + 2) >> 1) & 7, 5);
                Messages = _function.AddMsi(messages);
                break;
            case Msix when MessageTable is null:
                AddMsix(offset);
                break;
            case ExpressRegisters.Id:
                ExpressRegisters.Add(_function, _config, offset, length, _device.CanReset);
                break;
            case VitalProductData or VendorSpecific:
                PassedRegisters passed = new(_function, _device, offset, header: 2, length);
                passed.Offset = _function.AddCapability(id, _config.Copy(offset + 2, length - 2), AllOnes(length - 2), passed);
                break;
        }
    }

    private void AddMsix(int offset)
    {
        int vectors = Math.Min((_config.Word(offset + 2) & 0x7FF) + 1, _device.InterruptCount(AssignedInterrupt.Msix));
        uint table = _config.DWord(offset + 4);
        uint pending = _config.DWord(offset + 8);
        (int Bar, ulong Offset, ulong Length) tablePlace = ((int)table & 7, table & ~7u, (ulong)vectors * 16);
        (int Bar, ulong Offset, ulong Length) pendingPlace = ((int)pending & 7, pending & ~7u, ((ulong)vectors + 63) / 64 * 8);
        bool overlap = tablePlace.Bar == pendingPlace.Bar
            && tablePlace.Offset < pendingPlace.Offset + pendingPlace.Length
            && pendingPlace.Offset < tablePlace.Offset + tablePlace.Length;
        if (!Fits(tablePlace) || !Fits(pendingPlace) || overlap)
        {
            throw new AssignedDeviceException($"{_device.Name}: its MSI-X table lies outside its BARs");
        }

        MessageTable = _function.AddMsix(vectors, _bars[tablePlace.Bar]!, tablePlace.Offset, _bars[pendingPlace.Bar]!, pendingPlace.Offset);
        MsixStructures = [tablePlace, pendingPlace];
    }

    private bool Fits((int Bar, ulong Offset, ulong Length) place) =>
        place.Bar < 6
        && _bars[place.Bar] is { } bar
        && bar.Kind != PciBarKind.Io
        && place.Length <= bar.Size
        && place.Offset <= bar.Size - place.Length;

    private void LayExtended()
    {
        ConfigRoom room = new(0x100, 0x1000);
        bool first = true;
        foreach ((ushort id, byte version, int offset) in _config.ExtendedCapabilities())
        {
            int length = id switch
            {
                ErrorReporting => 0x48,
                SerialNumber => 0x0C,
                ExtendedVendorSpecific when offset <= 0xFF8 => (int)(_config.DWord(offset + 4) >> 20),
                _ => 0,
            };

            // The list begins at 100h, whatever of the device's is hidden there.
            if (length <= 4 || offset + length > 0x1000 || !room.TryTake(first ? 0x100 : offset, length, out int place))
            {
                continue;
            }

            first = false;
            _function.PlaceNextCapability(place);
            AddExtended(id, version, offset, length);
        }
    }

    private void AddExtended(ushort id, byte version, int offset, int length)
    {
        byte[] body = _config.Copy(offset + 4, length - 4);
        byte[] writable = new byte[body.Length];
        PassedRegisters? passed = null;
        switch (id)
        {
            case ErrorReporting:
                // Masks and severities (7.8.4) are the guest's to set; no error is reported to it, for none is passed on.
                body.AsSpan(0x00, 4).Clear();
                body.AsSpan(0x0C, 4).Clear();
                body.AsSpan(0x18).Clear();
                writable.AsSpan(0x04, 8).Fill(0xFF);
                writable.AsSpan(0x10, 4).Fill(0xFF);
                break;
            case ExtendedVendorSpecific:
                passed = new PassedRegisters(_function, _device, offset, header: 8, length);
                writable.AsSpan(4).Fill(0xFF);
                break;
        }

        int place = _function.AddExtendedCapability(id, version, body, writable, passed);
        if (passed is not null)
        {
            passed.Offset = place;
        }
    }

    private static byte[] AllOnes(int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(0xFF);
        return bytes;
    }
}
