using Viaduct.Paravirtual.Queues;

namespace Viaduct.Paravirtual.Transports;

/// <summary>What the driver has set up of a queue, and whether it runs.</summary>
internal sealed class QueueSetup
{
    internal QueueSetup(ushort maximumSize)
    {
        MaximumSize = maximumSize;
        Reset();
    }

    internal ushort MaximumSize { get; }

    internal ushort Size { get; set; }

    internal ulong DescriptorArea { get; set; }

    internal ulong DriverArea { get; set; }

    internal ulong DeviceArea { get; set; }

    /// <summary>The driver said that it is set up; from then on it can't be changed.</summary>
    internal bool Enabled { get; set; }

    /// <summary>The device has it.</summary>
    internal bool Started { get; set; }

    internal QueueLayout Layout => new(Size, DescriptorArea, DriverArea, DeviceArea);

    internal void Reset()
    {
        Size = MaximumSize;
        DescriptorArea = 0;
        DriverArea = 0;
        DeviceArea = 0;
        Enabled = false;
    }
}
