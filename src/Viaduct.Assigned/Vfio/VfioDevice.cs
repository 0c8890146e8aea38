using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Assigned.Vfio;

/// <summary>A device of the host's, by VFIO.</summary>
internal sealed unsafe class VfioDevice : IAssignedDevice
{
    private readonly OpenedDevice _opened;
    private readonly DmaSpace _space;
    private readonly VfioRegions _regions;
    private readonly VfioInterrupts _interrupts;
    private readonly VfioReset _reset;
    private readonly DeviceEvents _events;
    private readonly Lock _lostLock = new();
    private readonly Action<VfioDevice> _closed;
    private Action? _lost;
    private volatile string? _lossReason;
    private bool _disposed;

    /// <summary>Takes a device.</summary>
    /// <param name="place">Which.</param>
    /// <param name="kernel">Answers.</param>
    /// <param name="opened">The device in its space; owned from now on, whatever comes of the call.</param>
    /// <param name="space">What it is in; it stays the guest's.</param>
    /// <param name="isOpen">Whether a device of this guest's is in use.</param>
    /// <param name="closed">Called after the device is the host's again.</param>
    /// <exception cref="AssignedDeviceException">It is none that a guest can be given.</exception>
    internal VfioDevice(
        DevicePlace place, IVfioKernel kernel, OpenedDevice opened, DmaSpace space, Func<PciAddress, bool> isOpen, Action<VfioDevice> closed)
    {
        Name = place.Name;
        Road = place.Device.PhysicalFunction is null ? Road.Assigned : Road.Shared;
        _opened = opened;
        _space = space;
        _closed = closed;
        _regions = new VfioRegions(Name, kernel, opened.File);
        try
        {
            VfioDeviceInfo info = new() { ArgSize = (uint)sizeof(VfioDeviceInfo) };
            if (kernel.Request(opened.File, VfioRequests.VFIO_DEVICE_GET_INFO, &info) < 0 || (info.Flags & VfioDeviceInfo.Pci) == 0)
            {
                throw new AssignedDeviceException($"{Name}: to VFIO it is no PCI device");
            }

            if (place.Token is { } token && place.Device.PhysicalFunction is null)
            {
                SetToken(kernel, token);
            }

            _reset = new VfioReset(kernel, opened.File, space, place.Address, isOpen, (info.Flags & VfioDeviceInfo.CanReset) != 0);
            _regions.Discover();
            _interrupts = new VfioInterrupts(kernel, opened.File);
            _events = new DeviceEvents(Name, Lose);
            Watch(AssignedInterrupt.Error, _events.Error);
            Watch(AssignedInterrupt.Request, _events.Request);
        }
        catch
        {
            _events?.Dispose();
            _regions.Unmap();
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public event Action? Lost
    {
        add
        {
            lock (_lostLock)
            {
                if (_lossReason is null)
                {
                    _lost += value;
                    return;
                }
            }

            value?.Invoke();
        }

        remove
        {
            lock (_lostLock)
            {
                _lost -= value;
            }
        }
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public Road Road { get; }

    /// <inheritdoc/>
    public ReadOnlySpan<AssignedRegion> Regions => _regions.All;

    /// <inheritdoc/>
    public bool CanReset => _reset.Obstacle is null;

    /// <inheritdoc/>
    public IDoorbellTraps? Traps => null;

    /// <inheritdoc/>
    public bool NotesWrites => false;

    /// <inheritdoc/>
    public string? LossReason => _lossReason;

    /// <inheritdoc/>
    public string? MapRefusal { get; private set; }

    /// <summary>Why it can't be reset, for people; null where it can.</summary>
    internal string? ResetObstacle => _reset.Obstacle;

    /// <summary>Whether the host asked for it back.</summary>
    internal bool WasRequested { get; private set; }

    /// <inheritdoc/>
    public int InterruptCount(AssignedInterrupt kind) => _interrupts.Count(kind);

    /// <inheritdoc/>
    public bool TryRead(int region, ulong offset, Span<byte> data) => _lossReason is null && _regions.TryRead(region, offset, data);

    /// <inheritdoc/>
    public bool TryWrite(int region, ulong offset, ReadOnlySpan<byte> data) => _lossReason is null && _regions.TryWrite(region, offset, data);

    /// <inheritdoc/>
    public bool TrySetInterrupts(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets) =>
        _lossReason is null && _interrupts.TrySet(kind, start, targets);

    /// <inheritdoc/>
    public bool TryUnmaskPin() => _lossReason is null && _interrupts.TryUnmaskPin();

    /// <inheritdoc/>
    public bool TryUnmaskPinBy(EventFd resample) => _lossReason is null && _interrupts.TryUnmaskPinBy(resample);

    /// <inheritdoc/>
    public bool TryMapDma(ulong address, HostMemory memory, ulong offset, ulong length, bool writable)
    {
        if (_lossReason is not null)
        {
            return false;
        }

        // All of it is about to be kept in place anyway; in large pages the IOMMU has less to look up.
        memory.PreferLargePages();
        int error = _space.Add(address, (nint)memory.Pointer + (nint)offset, length, writable);
        if (error != 0)
        {
            MapRefusal = MapTrouble.Of(address, length, error);
        }

        return error == 0;
    }

    /// <inheritdoc/>
    /// <remarks>Also done for a device that is lost: until it is closed, it can still reach what it could.</remarks>
    public bool TryUnmapDma(ulong address, ulong length) => _space.Remove(address, length) == 0;

    /// <inheritdoc/>
    public bool TryReset() => _lossReason is null && _reset.TryReset();

    /// <inheritdoc/>
    public bool TryReadCounts(out DeviceCounts counts)
    {
        counts = default;
        return false;
    }

    /// <summary>Closes the device: the kernel resets it and has it back. The guest uses none of its memory any more.</summary>
    public void Dispose()
    {
        lock (_lostLock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _events.Dispose();
        _regions.Unmap();
        _opened.Dispose();
        _closed(this);
    }

    private void SetToken(IVfioKernel kernel, Guid token)
    {
        VfioTokenFeature feature = new() { ArgSize = (uint)sizeof(VfioTokenFeature), Flags = VfioTokenFeature.SetToken, Token = VfioToken.Of(token) };
        int result = kernel.Request(_opened.File, VfioRequests.VFIO_DEVICE_FEATURE, &feature);
        if (result < 0)
        {
            throw new AssignedDeviceException($"{Name}: {new HostException("set its vf-token", -result).Message}; only a physical function with virtual ones has such a token");
        }
    }

    private void Watch(AssignedInterrupt kind, EventFd signal)
    {
        if (InterruptCount(kind) > 0)
        {
            _ = _interrupts.TrySet(kind, 0, [signal]);
        }
    }

    // On the events' thread, once.
    private void Lose(AssignedInterrupt kind)
    {
        Action? lost;
        lock (_lostLock)
        {
            WasRequested = kind == AssignedInterrupt.Request;
            _lossReason = WasRequested ? "the host wants it back" : "it reports an error that can't be corrected";
            lost = _disposed ? null : _lost;
        }

        lost?.Invoke();
    }
}
