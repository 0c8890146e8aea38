using System.CommandLine;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve</c>: devices for guests of other processes.</summary>
internal static class ServeCommand
{
    internal static Command Create() => new("serve", "Serves a device to guests of other processes: ours (run --assign), QEMU's and others that speak vfio-user.")
    {
        ServeNvmeCommand.Create(),
        ServeVirtioBlockCommand.Create(),
        ServeVirtioEntropyCommand.Create(),
    };
}
