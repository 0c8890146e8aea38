namespace Viaduct.Sriov.Host;

/// <summary>What a virtual function's driver sees of the link (IFLA_VF_LINK_STATE_…).</summary>
public enum VfLinkState
{
    /// <summary>What the physical function sees.</summary>
    Auto,

    /// <summary>It is up always, for the functions among themselves.</summary>
    Up,

    /// <summary>It is down.</summary>
    Down,
}
