using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Assigned.Vfio.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Vfio;

/// <summary>
/// A device's interrupts, each to its eventfd. Where a kernel can't add vectors to a kind that is in use (NORESIZE), an
/// MSI-X device gets all that it has with the first, with no eventfd for those that the guest hasn't asked for yet, so
/// that none of those in use is ever switched off in between; MSI, whose number the guest sets, is switched off and on.
/// </summary>
internal sealed unsafe class VfioInterrupts
{
    private const int Kinds = 5;
    private const int None = -1;

    private readonly IVfioKernel _kernel;
    private readonly SafeFileHandle _file;
    private readonly Lock _lock = new();
    private readonly int[] _counts = new int[Kinds];
    private readonly bool[] _fixed = new bool[Kinds];
    private readonly int[]?[] _targets = new int[Kinds][];

    /// <param name="kernel">Answers.</param>
    /// <param name="file">The device; it stays the caller's.</param>
    internal VfioInterrupts(IVfioKernel kernel, SafeFileHandle file)
    {
        _kernel = kernel;
        _file = file;
        for (int kind = 0; kind < Kinds; kind++)
        {
            VfioIrqInfo info = new() { ArgSize = (uint)sizeof(VfioIrqInfo), Index = (uint)kind };
            if (kernel.Request(file, VfioRequests.VFIO_DEVICE_GET_IRQ_INFO, &info) >= 0 && (info.Flags & VfioIrqInfo.EventFd) != 0)
            {
                _counts[kind] = (int)Math.Min(info.Count, 2048);
                _fixed[kind] = (info.Flags & VfioIrqInfo.NoResize) != 0;
            }
        }
    }

    /// <summary>How many there are of a kind.</summary>
    internal int Count(AssignedInterrupt kind) => _counts[(int)kind];

    /// <summary>As <see cref="IAssignedDevice.TrySetInterrupts"/>.</summary>
    internal bool TrySet(AssignedInterrupt kind, int start, ReadOnlySpan<EventFd> targets)
    {
        int count = _counts[(int)kind];
        if (count == 0 || start < 0 || start > count || targets.Length > count - start)
        {
            return targets.IsEmpty;
        }

        Span<int> descriptors = new int[targets.Length];
        for (int i = 0; i < targets.Length; i++)
        {
            descriptors[i] = targets[i].Descriptor;
        }

        lock (_lock)
        {
            return descriptors.IsEmpty ? TrySwitchOff(kind) : TryConnect(kind, start, descriptors);
        }
    }

    /// <summary>Lets the pin raise its eventfd again.</summary>
    internal bool TryUnmaskPin()
    {
        VfioIrqSet unmask = new() { ArgSize = (uint)sizeof(VfioIrqSet), Flags = VfioIrqSet.Unmask | VfioIrqSet.DataNone, Count = 1 };
        return _kernel.Request(_file, VfioRequests.VFIO_DEVICE_SET_IRQS, &unmask) >= 0;
    }

    /// <summary>As <see cref="IAssignedDevice.TryUnmaskPinBy"/>.</summary>
    internal bool TryUnmaskPinBy(EventFd resample) => TryRequest(AssignedInterrupt.Intx, 0, [resample.Descriptor], VfioIrqSet.Unmask);

    private bool TryConnect(AssignedInterrupt kind, int start, ReadOnlySpan<int> descriptors)
    {
        int[]? before = _targets[(int)kind];
        int end = start + descriptors.Length;
        int room = before?.Length ?? 0;
        bool grows = end > room;
        bool all = kind == AssignedInterrupt.Msix && _fixed[(int)kind];
        int[] after = grows ? new int[all ? _counts[(int)kind] : end] : before!;
        if (grows)
        {
            after.AsSpan().Fill(None);
            before?.CopyTo(after, 0);
        }

        descriptors.CopyTo(after.AsSpan(start));
        if (before is not null && (!grows || !_fixed[(int)kind]))
        {
            _targets[(int)kind] = after;
            return TryRequest(kind, start, descriptors);
        }

        bool done = before is null || TrySwitchOffAtDevice(kind);
        if (done && !TryRequest(kind, 0, after))
        {
            // The host may have too few vectors for all, and enough for those that the guest asked for.
            after = after[..end];
            done = all && TryRequest(kind, 0, after);
        }

        _targets[(int)kind] = done ? after : null;
        return done;
    }

    private bool TrySwitchOff(AssignedInterrupt kind)
    {
        _targets[(int)kind] = null;
        return TrySwitchOffAtDevice(kind);
    }

    private bool TrySwitchOffAtDevice(AssignedInterrupt kind)
    {
        VfioIrqSet off = new() { ArgSize = (uint)sizeof(VfioIrqSet), Flags = VfioIrqSet.Trigger | VfioIrqSet.DataNone, Index = (uint)kind };
        return _kernel.Request(_file, VfioRequests.VFIO_DEVICE_SET_IRQS, &off) >= 0;
    }

    // A positive answer is how many vectors the host has left, which are too few.
    private bool TryRequest(AssignedInterrupt kind, int start, ReadOnlySpan<int> descriptors, uint action = VfioIrqSet.Trigger)
    {
        VfioIrqSet set = new()
        {
            ArgSize = (uint)(sizeof(VfioIrqSet) + (descriptors.Length * sizeof(int))),
            Flags = action | VfioIrqSet.DataEventFd,
            Index = (uint)kind,
            Start = (uint)start,
            Count = (uint)descriptors.Length,
        };
        byte[] bytes = new byte[set.ArgSize];
        MemoryMarshal.Write(bytes, in set);
        MemoryMarshal.AsBytes(descriptors).CopyTo(bytes.AsSpan(sizeof(VfioIrqSet)));
        fixed (byte* argument = bytes)
        {
            return _kernel.Request(_file, VfioRequests.VFIO_DEVICE_SET_IRQS, argument) == 0;
        }
    }
}
