namespace Viaduct.Cli.Serve;

/// <summary>An NVMe controller that is being served.</summary>
internal interface IServedNvme : IDisposable
{
    /// <summary>What it did so far.</summary>
    ServeReport Report();
}
