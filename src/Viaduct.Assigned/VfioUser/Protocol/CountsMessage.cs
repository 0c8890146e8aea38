using System.Runtime.InteropServices;

namespace Viaduct.Assigned.VfioUser.Protocol;

/// <summary>The device's counters since it was made: 56 bytes in the reply, nothing in the request.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct CountsMessage
{
    /// <summary>Requests finished.</summary>
    public long Requests;

    /// <summary>Bytes read from memory.</summary>
    public long DmaReadBytes;

    /// <summary>Bytes written to memory.</summary>
    public long DmaWrittenBytes;

    /// <summary>Operations of the back-end.</summary>
    public long BackendOperations;

    /// <summary>Bytes that the back-end moved.</summary>
    public long BackendBytes;

    /// <summary>CPU time of the device's threads, in units of 100 ns.</summary>
    public long CpuTicks;

    /// <summary>Interrupts raised.</summary>
    public long Interrupts;
}
