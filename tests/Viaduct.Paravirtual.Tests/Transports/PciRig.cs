using System.Buffers.Binary;
using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Tests.Support;
using Viaduct.Paravirtual.Transports.Pci;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;

namespace Viaduct.Paravirtual.Tests.Transports;

/// <summary>A block device on a PCI function, and a driver that finds its way by the capabilities alone.</summary>
internal sealed class PciRig : IDisposable
{
    internal const ulong Version1 = 1UL << 32;
    internal const ulong RingReset = 1UL << 40;
    internal const ulong Header = 0x200000;
    internal const ulong Data = 0x300000;
    internal const ulong Status = 0x210000;

    internal PciRig(VirtioPciOptions? options = null, int queues = 2)
    {
        Device = new BlockDevice(new BlockOptions { Name = "disk0", Queues = queues, QueueSize = 64 }, Backend, Guest.Counters);
        Host = new VirtioPciDevice(Device, Guest.Dma, Guest.Counters, Guest.Log, options);
        Guest.Dma.Granted = false;
        for (int at = (int)Function.ReadConfig(0x34, 1); at != 0; at = (int)Function.ReadConfig(at + 1, 1))
        {
            if (Function.ReadConfig(at, 1) == 9)
            {
                Structures.Add((int)Function.ReadConfig(at + 3, 1), at);
            }
            else if (Function.ReadConfig(at, 1) == 0x11)
            {
                Msix = at;
            }
        }
    }

    internal TestGuest Guest { get; } = new();

    internal MemoryBackend Backend { get; } = new();

    internal BlockDevice Device { get; }

    internal VirtioPciDevice Host { get; }

    internal PciFunction Function => Host.Function;

    internal PciBar Bar => Function.Bars[0];

    /// <summary>Where the vendor-specific capabilities are, by the structure they point to.</summary>
    internal Dictionary<int, int> Structures { get; } = [];

    internal int Msix { get; }

    internal byte DeviceStatus
    {
        get => (byte)Common(0x14, 1);
        set => SetCommon(0x14, 1, value);
    }

    public void Dispose()
    {
        Host.Dispose();
        Guest.Dispose();
    }

    internal ulong OffsetOf(int structure) => Function.ReadConfig(Structures[structure] + 8, 4);

    internal ulong Read(int structure, ulong offset, int size)
    {
        Assert.Equal(AccessStatus.Done, Bar.Read(OffsetOf(structure) + offset, size, out ulong value));
        return value;
    }

    internal void Write(int structure, ulong offset, int size, ulong value) =>
        Assert.Equal(AccessStatus.Done, Bar.Write(OffsetOf(structure) + offset, size, value));

    internal ulong Common(ulong offset, int size) => Read(1, offset, size);

    internal void SetCommon(ulong offset, int size, ulong value) => Write(1, offset, size, value);

    internal ulong Offered()
    {
        SetCommon(0, 4, 0);
        ulong low = Common(4, 4);
        SetCommon(0, 4, 1);
        return low | (Common(4, 4) << 32);
    }

    internal void Choose(ulong features)
    {
        SetCommon(8, 4, 0);
        SetCommon(12, 4, (uint)features);
        SetCommon(8, 4, 1);
        SetCommon(12, 4, features >> 32);
    }

    /// <summary>Enables bus mastering and MSI-X; the message of vector n has n as its data.</summary>
    internal void EnableMessages()
    {
        Function.WriteConfig(4, 2, 6);
        ulong table = Function.ReadConfig(Msix + 4, 4) & ~7u;
        uint count = (Function.ReadConfig(Msix + 2, 2) & 0x7FF) + 1;
        for (uint i = 0; i < count; i++)
        {
            Bar.Write(table + (i * 16), 4, 0xFEE00000);
            Bar.Write(table + (i * 16) + 8, 4, i);
            Bar.Write(table + (i * 16) + 12, 4, 0);
        }

        Function.WriteConfig(Msix + 2, 2, 0x8000);
    }

    /// <summary>Takes the device from reset to DRIVER_OK with its first queue, as a driver does.</summary>
    internal RingDriver BringUp(ulong features = ulong.MaxValue, ushort size = 64)
    {
        DeviceStatus = 0;
        Assert.Equal(0, DeviceStatus);
        DeviceStatus = 1;
        DeviceStatus = 3;
        features &= Offered();
        Choose(features);
        DeviceStatus = 11;
        Assert.Equal(11, DeviceStatus);
        SetCommon(0x10, 2, 0);
        RingDriver driver = SetUpQueue(features, size);
        DeviceStatus = 15;
        return driver;
    }

    internal RingDriver SetUpQueue(ulong features, ushort size)
    {
        RingFeatures ring = ((features >> 28) & 1) != 0 ? RingFeatures.Indirect : RingFeatures.None;
        ring |= ((features >> 29) & 1) != 0 ? RingFeatures.EventIndex : RingFeatures.None;
        ring |= ((features >> 34) & 1) != 0 ? RingFeatures.Packed : RingFeatures.None;
        ring |= ((features >> 35) & 1) != 0 ? RingFeatures.InOrder : RingFeatures.None;
        RingDriver driver = RingDriver.Make(Guest, size, ring);
        SetCommon(0x16, 2, 0);
        SetCommon(0x18, 2, size);
        SetCommon(0x1A, 2, 1);
        SetCommon(0x20, 4, (uint)driver.Layout.DescriptorArea);
        SetCommon(0x24, 4, driver.Layout.DescriptorArea >> 32);
        SetCommon(0x28, 8, driver.Layout.DriverArea);
        SetCommon(0x30, 8, driver.Layout.DeviceArea);
        SetCommon(0x1C, 2, 1);
        return driver;
    }

    /// <summary>Reads a sector through the queue.</summary>
    internal void AddRead(RingDriver driver)
    {
        Guest.At<uint>(Header) = 0;
        Guest.At<ulong>(Header + 8) = 0;
        Guest.At<byte>(Status) = 0xEE;
        driver.Add(GuestBuffer.Read(Header, 16), GuestBuffer.Write(Data, 512), GuestBuffer.Write(Status, 1));
    }

    internal void Notify(int queue) => Write(2, (ulong)queue * Function.ReadConfig(Structures[2] + 16, 4), 2, (ulong)queue);

    /// <summary>Reads a sector and waits for the interrupt.</summary>
    internal void Exchange(RingDriver driver)
    {
        AddRead(driver);
        Notify(0);
        Guest.Messages.Wait();
        Assert.True(driver.TryTake(out _, out uint written));
        Assert.Equal((513u, (byte)0), (written, Guest.At<byte>(Status)));
        driver.AllowInterrupts();
    }

    internal ulong Capacity()
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)Read(4, 0, 4));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], (uint)Read(4, 4, 4));
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
