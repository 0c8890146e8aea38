namespace Viaduct.Emulated.Nvme;

/// <summary>Where the controller stands, as its worker sees it.</summary>
internal enum ControllerState
{
    /// <summary>CC.EN is zero: no queues, no commands.</summary>
    Disabled,

    /// <summary>Commands are processed.</summary>
    Running,

    /// <summary>A shutdown was asked for: nothing is fetched, what was fetched ends.</summary>
    ShuttingDown,

    /// <summary>The disks are being flushed for the shutdown.</summary>
    Flushing,

    /// <summary>CSTS.SHST says that power may go. Only a reset leads out.</summary>
    ShutDown,

    /// <summary>CSTS.CFS is set. Only a reset leads out.</summary>
    Failed,

    /// <summary>A reset was asked for: what the disks work on must come back first, for it may still write guest memory.</summary>
    Resetting,
}
