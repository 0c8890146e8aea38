using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Paravirtual.Transports.Pci;

/// <summary>The doorbells (virtio 1.2, 4.1.4.4), one a queue: which is written says which queue, what is written says nothing more.</summary>
internal sealed class NotifyRegion : IAccessHandler
{
    /// <summary>Bytes from one queue's doorbell to the next (notify_off_multiplier).</summary>
    internal const int Multiplier = 4;

    private readonly DeviceSession _session;

    internal NotifyRegion(DeviceSession session) => _session = session;

    /// <summary>A device's doorbells that an engine may turn into eventfds.</summary>
    internal static IReadOnlyList<DoorbellSignal> SignalsOf(IVirtioDevice device)
    {
        List<DoorbellSignal> signals = [];
        for (int index = 0; index < device.QueueSizes.Length; index++)
        {
            if (device.BellOf(index) is { } bell)
            {
                signals.Add(new DoorbellSignal((ulong)(index * Multiplier), 0, bell));
            }
        }

        return signals;
    }

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (offset % Multiplier == 0)
        {
            _session.Notify((int)(offset / Multiplier));
        }

        return AccessStatus.Done;
    }
}
