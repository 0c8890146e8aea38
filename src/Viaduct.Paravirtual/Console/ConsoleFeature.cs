namespace Viaduct.Paravirtual.Console;

/// <summary>Feature bits of a console (virtio 1.2, 5.3.3), as masks.</summary>
internal static class ConsoleFeature
{
    /// <summary>The configuration holds columns and rows.</summary>
    internal const ulong Size = 1UL << 0;

    /// <summary>Characters can be written to the configuration before there is a queue.</summary>
    internal const ulong EmergencyWrite = 1UL << 2;
}
