namespace Viaduct.Cli.Serving;

/// <summary>A device's server didn't come up.</summary>
internal sealed class ServedProcessException(string message) : Exception(message);
