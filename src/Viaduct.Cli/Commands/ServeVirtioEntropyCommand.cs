using System.CommandLine;
using Viaduct.Cli.Serve;
using Viaduct.Paravirtual.Entropy;
using Viaduct.Paravirtual.Transports.Pci;
using Viaduct.Platform.Pci;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve virtio-rng</c>: random numbers on a socket.</summary>
internal static class ServeVirtioEntropyCommand
{
    internal static Command Create()
    {
        ServeSession session = new("virtio-rng");
        const string Help = """
            Serves a virtio entropy device over vfio-user until Ctrl-C or SIGTERM: random numbers of this host's kernel,
            for the virtio-rng driver of a guest. It is the smallest device that can be served, with everything that one
            has. One guest has it at a time, whose memory has to be shared with it (ours is).

            Examples:
              viaduct serve virtio-rng --vfio-user /run/rng.sock
              viaduct run --kernel vmlinuz --assign vfio-user:/run/rng.sock
            """;
        Command command = session.NewCommand(Help);
        command.SetAction((parsed, cancellation) => session.RunAsync(
            parsed,
            path =>
            {
                ServeSession.CheckSocket(path);
                return (null, (name, log) => new ServedDevice(name, path, log, Build));
            },
            cancellation));
        return command;
    }

    private static PciFunction Build(ServedParts parts)
    {
        EntropyDevice device = new(parts.Id, parts.Counters);
        return parts.Own(new VirtioPciDevice(device, parts.Dma, parts.Counters, parts.Log)).Function;
    }
}
