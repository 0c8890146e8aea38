namespace Viaduct.Paravirtual.Network.Control;

/// <summary>The kinds of control commands (virtio 1.2, 5.1.6.5).</summary>
internal enum ControlClass : byte
{
    /// <summary>Receive modes.</summary>
    Receive = 0,

    /// <summary>Addresses.</summary>
    Mac = 1,

    /// <summary>VLAN filters.</summary>
    Vlan = 2,

    /// <summary>The driver has announced its station.</summary>
    Announce = 3,

    /// <summary>Queue pairs, RSS and hashes.</summary>
    MultiQueue = 4,

    /// <summary>What the driver takes.</summary>
    GuestOffloads = 5,

    /// <summary>How interrupts are held back.</summary>
    Coalescing = 6,
}
