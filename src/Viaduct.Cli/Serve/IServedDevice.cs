namespace Viaduct.Cli.Serve;

/// <summary>A device that is being served.</summary>
internal interface IServedDevice : IDisposable
{
    /// <summary>What it did so far.</summary>
    ServeReport Report();
}
