using System.CommandLine;
using Viaduct.Backends.Block;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Paravirtual.Block;
using Viaduct.Paravirtual.Transports.Pci;
using Viaduct.Platform.Pci;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve virtio-blk</c>: a virtio disk on a socket.</summary>
internal static class ServeVirtioBlockCommand
{
    private const int MostQueues = 16;

    internal static Command Create()
    {
        Option<string> disk = new("--disk") { Description = $"The disk: {ServedDiskOption.AloneSyntax}.", HelpName = "PARTS", Required = true };
        Option<int> queues = NumberOption.Create("--queues", "Queues, each with a thread of its own while requests are there: one for each of the guest's processors is best.", 1, MostQueues, 1);
        ServeSession session = new("virtio-blk");
        const string Help = """
            Serves a virtio block device over vfio-user until Ctrl-C or SIGTERM: the very device that guests have inside
            their monitor, for the virtio_blk driver that every Linux has. One guest has it at a time; when that goes,
            however it goes, the device is reset and the next may come. A socket that was left behind is replaced. A
            guest's memory has to be shared with it (ours is, QEMU's by memory-backend-memfd), for rings are looked at
            in place.

            Examples:
              viaduct serve virtio-blk --disk path=disk.img --vfio-user /run/disk.sock
              viaduct serve virtio-blk --disk path=disk.img,readonly --queues 4 --vfio-user /run/disk.sock
              viaduct run --kernel vmlinuz --assign vfio-user:/run/disk.sock
            """;
        Command command = session.NewCommand(Help, disk, queues);
        command.SetAction((parsed, cancellation) => session.RunAsync(
            parsed,
            path =>
            {
                ServeSession.CheckSocket(path);
                ServedDiskOption option = ServedDiskOption.Parse(parsed.GetRequiredValue(disk), virtualFunctions: 0);
                int count = parsed.GetValue(queues);
                return (option.Id, (name, log) => new ServedDevice(name, path, log, parts => Build(parts, option, count)));
            },
            cancellation));
        return command;
    }

    private static PciFunction Build(ServedParts parts, ServedDiskOption disk, int queues)
    {
        IBlockBackend backend = parts.Own(RawBlockBackend.Open(disk.Image));
        BlockDevice device = new(new BlockOptions { Name = parts.Id, Serial = parts.Id, Queues = queues }, backend, parts.Counters);
        return parts.Own(new VirtioPciDevice(device, parts.Dma, parts.Counters, parts.Log)).Function;
    }
}
