using Viaduct.Backends.Interop;
using Viaduct.Backends.Network.Frames;
using Viaduct.Platform.Accounting;

namespace Viaduct.Backends.Network.Switch;

/// <summary>A port of a switch, as the thread that forwards sees it.</summary>
internal sealed class SwitchPort : IDisposable
{
    // What a port may send to everybody: more is a storm, which would cost all others their throughput.
    private const double FloodsPerSecond = 10_000;
    private const double FloodBurst = 2_000;

    internal SwitchPort(int number, OwnedDescriptor socket, TimeProvider time)
    {
        Number = number;
        Socket = socket;
        Floods = new TokenBucket(FloodsPerSecond, FloodBurst, time);
        Counters = new NetworkCounters($"port {number}");
    }

    internal int Number { get; }

    internal OwnedDescriptor Socket { get; }

    /// <summary>What it carries; null before its hello.</summary>
    internal VlanMembership? Vlans { get; set; }

    internal TokenBucket Floods { get; }

    internal NetworkCounters Counters { get; }

    /// <summary>The message that is being forwarded: an offload header and a frame.</summary>
    internal FrameBuffer Buffer { get; } = new(OffloadHeader.Length + FrameLimits.MaximumLength);

    /// <summary>Bytes of it.</summary>
    internal int Length { get; set; }

    /// <summary>The port whose room its frame waits for; it takes in no other frame meanwhile.</summary>
    internal SwitchPort? WaitsFor { get; set; }

    /// <summary>Ports whose frames wait for room here, in the order in which they came.</summary>
    internal Queue<SwitchPort> Waiting { get; } = new();

    /// <summary>Since when frames wait here, by the switch's clock.</summary>
    internal long WaitingSince { get; set; }

    /// <summary>Whether it has let frames wait for too long: then they are dropped, until it takes one.</summary>
    internal bool IsStuck { get; set; }

    public void Dispose()
    {
        Socket.Dispose();
        Buffer.Dispose();
    }
}
