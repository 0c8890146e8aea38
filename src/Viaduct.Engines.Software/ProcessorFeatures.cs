namespace Viaduct.Engines.Software;

/// <summary>What the processors have beyond what every guest is given. Kernels that find one use it all the time, at some cost.</summary>
[Flags]
public enum ProcessorFeatures
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>Supervisor-mode access prevention: CR4.SMAP, CLAC and STAC.</summary>
    AccessPrevention = 1 << 0,

    /// <summary>Protection keys for user pages: CR4.PKE, RDPKRU and WRPKRU.</summary>
    UserKeys = 1 << 1,

    /// <summary>Protection keys for supervisor pages: CR4.PKS and IA32_PKRS.</summary>
    SupervisorKeys = 1 << 2,

    /// <summary>All of them.</summary>
    All = AccessPrevention | UserKeys | SupervisorKeys,
}
