using Viaduct.Paravirtual.Network.Steering;

namespace Viaduct.Paravirtual.Network;

/// <summary>What driver and user have set and workers follow: immutable parts, exchanged whole by the control side.</summary>
internal sealed class NetworkSettings
{
    private ReceiveFilter _filter;
    private FrameSteering _steering = FrameSteering.Single;
    private ulong _features;

    internal NetworkSettings(ReceiveFilter filter) => _filter = filter;

    /// <summary>Which frames the driver wants.</summary>
    internal ReceiveFilter Filter
    {
        get => Volatile.Read(ref _filter);
        set => Volatile.Write(ref _filter, value);
    }

    /// <summary>Where they go.</summary>
    internal FrameSteering Steering
    {
        get => Volatile.Read(ref _steering);
        set => Volatile.Write(ref _steering, value);
    }

    /// <summary>What was agreed on.</summary>
    internal ulong Features
    {
        get => Volatile.Read(ref _features);
        set => Volatile.Write(ref _features, value);
    }

    /// <summary>Bytes before each frame.</summary>
    internal int HeaderLength => (Features & NetworkFeature.HashReport) != 0 ? NetworkHeader.WithHash : NetworkHeader.Plain;

    internal bool Has(ulong feature) => (Features & feature) != 0;
}
