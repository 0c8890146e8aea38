using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Bench.Disk;

/// <summary>A disk of the bench.</summary>
/// <param name="Id">Its id in the guest, which the label on it says too.</param>
/// <param name="Road">How the guest reaches it.</param>
/// <param name="Place">Where it is: an image's path, or the socket that a device with it is served at.</param>
internal sealed record BenchDisk(string Id, Road Road, string Place)
{
    /// <summary>Whether a process of its own has the device.</summary>
    internal bool IsServed => Road is Road.Assigned or Road.Shared;
}
