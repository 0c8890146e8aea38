using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Identify Controller data (NVMe 1.4, figure 247): 4096 bytes; what isn't named is zero: not there, or nothing to report.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct ControllerData
{
    /// <summary>Bytes.</summary>
    internal const int Size = 4096;

    internal const int SerialBytes = 20;
    internal const int ModelBytes = 40;
    internal const int FirmwareBytes = 8;
    internal const int SubsystemNameBytes = 256;

    /// <summary>VID and SSVID: as in the PCI header.</summary>
    [FieldOffset(0)]
    internal ushort VendorId;

    [FieldOffset(2)]
    internal ushort SubsystemVendorId;

    /// <summary>SN.</summary>
    [FieldOffset(4)]
    internal fixed byte Serial[SerialBytes];

    /// <summary>MN.</summary>
    [FieldOffset(24)]
    internal fixed byte Model[ModelBytes];

    /// <summary>FR.</summary>
    [FieldOffset(64)]
    internal fixed byte Firmware[FirmwareBytes];

    /// <summary>RAB: log2 of the commands to fetch from a queue at once.</summary>
    [FieldOffset(72)]
    internal byte ArbitrationBurst;

    /// <summary>IEEE: the OUI, its last byte first.</summary>
    [FieldOffset(73)]
    internal fixed byte Oui[3];

    /// <summary>CMIC: bit 1 says that there are several controllers, bit 2 that this one is a virtual function's.</summary>
    [FieldOffset(76)]
    internal byte MultipleControllers;

    /// <summary>MDTS: log2, in pages of CAP.MPSMIN.</summary>
    [FieldOffset(77)]
    internal byte MaximumTransfer;

    /// <summary>CNTLID.</summary>
    [FieldOffset(78)]
    internal ushort ControllerId;

    /// <summary>VER.</summary>
    [FieldOffset(80)]
    internal uint Version;

    /// <summary>OAES.</summary>
    [FieldOffset(92)]
    internal uint AsynchronousEvents;

    /// <summary>CTRATT.</summary>
    [FieldOffset(96)]
    internal uint Attributes;

    /// <summary>CNTRLTYPE.</summary>
    [FieldOffset(111)]
    internal byte ControllerType;

    /// <summary>OACS.</summary>
    [FieldOffset(256)]
    internal ushort OptionalAdminCommands;

    /// <summary>ACL, from zero.</summary>
    [FieldOffset(258)]
    internal byte AbortLimit;

    /// <summary>AERL, from zero.</summary>
    [FieldOffset(259)]
    internal byte EventRequestLimit;

    /// <summary>FRMW.</summary>
    [FieldOffset(260)]
    internal byte FirmwareUpdates;

    /// <summary>LPA.</summary>
    [FieldOffset(261)]
    internal byte LogPageAttributes;

    /// <summary>ELPE, from zero.</summary>
    [FieldOffset(262)]
    internal byte ErrorLogEntries;

    /// <summary>WCTEMP, kelvin.</summary>
    [FieldOffset(266)]
    internal ushort WarningTemperature;

    /// <summary>CCTEMP, kelvin.</summary>
    [FieldOffset(268)]
    internal ushort CriticalTemperature;

    /// <summary>TNVMCAP, bytes; 16 bytes in the specification.</summary>
    [FieldOffset(280)]
    internal ulong TotalCapacity;

    /// <summary>UNVMCAP, likewise.</summary>
    [FieldOffset(296)]
    internal ulong UnallocatedCapacity;

    /// <summary>SQES: log2 of the entries' size, required (3:0) and maximal (7:4).</summary>
    [FieldOffset(512)]
    internal byte SubmissionEntrySize;

    /// <summary>CQES, likewise.</summary>
    [FieldOffset(513)]
    internal byte CompletionEntrySize;

    /// <summary>NN.</summary>
    [FieldOffset(516)]
    internal uint Namespaces;

    /// <summary>ONCS.</summary>
    [FieldOffset(520)]
    internal ushort OptionalIoCommands;

    /// <summary>VWC.</summary>
    [FieldOffset(525)]
    internal byte VolatileWriteCache;

    /// <summary>SGLS.</summary>
    [FieldOffset(536)]
    internal uint SglSupport;

    /// <summary>MNAN: how many namespaces there can be.</summary>
    [FieldOffset(540)]
    internal uint NamespacesAtMost;

    /// <summary>SUBNQN.</summary>
    [FieldOffset(768)]
    internal fixed byte SubsystemName[SubsystemNameBytes];

    /// <summary>MP of power state 0, in hundredths of a watt.</summary>
    [FieldOffset(2048)]
    internal ushort MaximumPower;
}
