namespace Viaduct.Emulated.Nvme.Sharing;

/// <summary>A controller's place in its subsystem, which stays when its function goes and comes again.</summary>
internal sealed class ControllerSeat
{
    private volatile HostIdentity _host;
    private volatile NvmeRateLimit? _limit;
    private volatile bool _online;

    internal ControllerSeat(int id)
    {
        Id = id;
        _host = HostIdentity.Anonymous(id);
    }

    /// <summary>CNTLID: 0 is the primary controller, n that of virtual function n.</summary>
    internal int Id { get; }

    internal bool IsPrimary => Id == 0;

    /// <summary>Whether the controller can be used (NVMe 1.4, 8.5.3); always true of the primary one.</summary>
    internal bool Online
    {
        get => _online;
        set => _online = value;
    }

    /// <summary>VQ resources: pairs of queues, the admin queues being one. Of a secondary controller. Under the subsystem's lock.</summary>
    internal int Queues { get; set; }

    /// <summary>VI resources, likewise.</summary>
    internal int Vectors { get; set; }

    /// <summary>The host, as reservations know it.</summary>
    internal HostIdentity Host
    {
        get => _host;
        set => _host = value;
    }

    /// <summary>How fast it may work; null for any speed.</summary>
    internal NvmeRateLimit? Limit
    {
        get => _limit;
        set => _limit = value;
    }

    /// <summary>The controller itself, while its function is there. Under the subsystem's lock.</summary>
    internal NvmeController? Controller { get; set; }
}
