using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>Primary Controller Capabilities (NVMe 1.4, figure 251): 4096 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 4096)]
internal struct PrimaryCapabilities
{
    /// <summary>CNTLID.</summary>
    [FieldOffset(0)]
    internal ushort ControllerId;

    /// <summary>CRT: bit 0 for VQ, bit 1 for VI resources.</summary>
    [FieldOffset(4)]
    internal byte ResourceTypes;

    [FieldOffset(32)]
    internal FlexibleCapability Queues;

    [FieldOffset(64)]
    internal FlexibleCapability Interrupts;
}
