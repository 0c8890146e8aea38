using System.CommandLine;
using Viaduct.Cli.Parsing;
using Viaduct.Cli.Serve;
using Viaduct.Emulated.Nvme;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Pci;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct serve nvme</c>: an NVMe controller on a socket.</summary>
internal static class ServeNvmeCommand
{
    internal static Command Create()
    {
        Option<string[]> disks = new("--disk")
        {
            Description = $"A disk, once for each: {ServedDiskOption.Syntax}. The first is namespace 1. With --vfs, vf=N gives it to virtual function N (0 is the physical one), shared to all; else it is divided into equal namespaces, one for each function.",
            HelpName = "PARTS",
            Required = true,
        };
        Option<int> functions = NumberOption.Create("--vfs", "Virtual functions, each for a guest of its own.", 1, MachineSpec.MaxVirtualFunctions, 0);
        ServeSession session = new(
            "nvme",
            "The socket that a guest's monitor connects to; with --vfs the folder of sockets: pf.sock, vf1.sock and so on, and control.sock for viaduct sriov.",
            "SOCKET|DIR");
        const string Help = """
            Serves an NVMe controller over vfio-user until Ctrl-C or SIGTERM. One guest has it at a time; when that goes,
            however it goes, the controller is reset and the next may come. A socket that was left behind is replaced.
            With --vfs the controller is shared: it has virtual functions, each for another guest at the same time. Who
            has which is what 'viaduct sriov list DIR' says.

            Examples:
              viaduct serve nvme --disk path=disk.img --vfio-user /run/nvme.sock
              viaduct run --kernel vmlinuz --assign vfio-user:/run/nvme.sock
              viaduct serve nvme --disk path=disk.img --vfs 3 --vfio-user /run/nvme
              viaduct run --kernel vmlinuz --assign vfio-user:/run/nvme/vf1.sock
              qemu-system-x86_64 -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"/run/nvme.sock"}}' …
            """;
        Command command = session.NewCommand(Help, disks, functions);
        command.SetAction((parsed, cancellation) => session.RunAsync(
            parsed,
            path =>
            {
                int count = parsed.GetValue(functions);
                if (count == 0)
                {
                    ServeSession.CheckSocket(path, "name a socket in it, or share the controller by --vfs N");
                }

                ServedDiskOption[] options = [.. parsed.GetRequiredValue(disks).Select(disk => ServedDiskOption.Parse(disk, count))];
                return (
                    options.Select(disk => disk.Id).FirstOrDefault(each => each is not null),
                    (name, log) => count == 0 ? new ServedDevice(name, path, log, parts => Build(parts, options)) : new SharedNvme(name, options, count, path, log));
            },
            cancellation));
        return command;
    }

    private static PciFunction Build(ServedParts parts, IReadOnlyList<ServedDiskOption> disks)
    {
        NvmeOptions options = new() { Id = parts.Id, Disks = parts.Own(new OpenDisks(disks)).All };
        return parts.Own(NvmeDevice.Create(options, parts.Dma, parts.Counters, parts.Log)).Function;
    }
}
