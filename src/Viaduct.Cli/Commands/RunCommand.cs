using System.CommandLine;
using Viaduct.Cli.Parsing;
using Viaduct.Machine.Specification;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct run</c>: one guest, its console on standard input and output.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        Option<string> kernel = new("--kernel") { Description = "The guest's kernel: a Linux bzImage (vmlinuz) or an ELF vmlinux with a PVH entry.", HelpName = "F", Required = true };
        Option<string?> initrd = new("--initrd") { Description = "Its initial RAM disk.", HelpName = "F" };
        Option<string> append = new("--append") { Description = "Its command line, e.g. \"console=ttyS0\".", HelpName = "S", DefaultValueFactory = _ => "" };
        Option<string> memory = new("--memory") { Description = "RAM: a number with K, M, G or T. Pages that aren't touched cost nothing.", HelpName = "SIZE", DefaultValueFactory = _ => "512M" };
        Option<int> cpus = new("--cpus") { Description = "Processors.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<string> engine = EngineOption.Create();
        Option<string> name = new("--name") { Description = "The guest's name in messages.", HelpName = "N", DefaultValueFactory = _ => "guest" };
        Option<string[]> disks = new("--disk")
        {
            Description = $"A disk, once for each: {DiskOption.Syntax}. The emulated road is an NVMe controller, the paravirtual one virtio-blk.",
            HelpName = "PARTS",
        };
        Option<string[]> assigned = new("--assign")
        {
            Description = $"A device given to the guest whole, or a virtual function, once for each: {AssignOption.Syntax}. See: viaduct serve.",
            HelpName = "DEVICE",
        };
        Option<bool> rng = new("--rng") { Description = "A virtio source of random numbers (Linux: virtio_rng, /dev/hwrng)." };
        Option<string> console = new("--console")
        {
            Description = "What this terminal is to the guest: serial is the first serial port (ttyS0), virtio a virtio console (hvc0), which knows the terminal's size; the serial port's output is then dropped.",
            DefaultValueFactory = _ => "serial",
        };
        console.AcceptOnlyFromAmong("serial", "virtio");
        Command command = new("run", """
            Runs one guest, its console on this terminal. Ctrl-A X leaves.

            Examples:
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0"
              viaduct run --kernel vmlinuz --append "console=ttyS0 root=/dev/nvme0n1" --disk path=debian.img,road=emulated
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=hvc0" --console virtio --rng
              viaduct run --kernel vmlinuz --append "console=ttyS0 root=/dev/nvme0n1" --assign vfio-user:/run/nvme.sock

            Exit status: 0 the guest powered off, 2 bad options, 3 its kernel panicked, 4 its processor shut down
            (triple fault), 5 another guest holds the device, 130 left by Ctrl-A X or a signal, 1 anything else.
            """)
        {
            kernel, initrd, append, memory, cpus, engine, name, disks, assigned, console, rng,
        };
        command.SetAction((parsed, cancellation) =>
        {
            MachineSpec spec;
            try
            {
                string size = parsed.GetRequiredValue(memory);
                spec = new MachineSpec
                {
                    Name = parsed.GetRequiredValue(name),
                    Kernel = parsed.GetRequiredValue(kernel),
                    Initrd = parsed.GetValue(initrd),
                    CommandLine = parsed.GetRequiredValue(append),
                    Memory = SizeParser.TryParse(size, out ulong bytes) ? bytes : throw new FormatException($"--memory '{size}' is no size; write 512M or 8G"),
                    Cpus = parsed.GetRequiredValue(cpus),
                    Engine = EngineOption.Read(parsed, engine),
                    Rng = parsed.GetValue(rng),
                    Console = Enum.Parse<ConsoleChoice>(parsed.GetRequiredValue(console), ignoreCase: true),
                    Disks = [.. (parsed.GetValue(disks) ?? []).Select(DiskOption.Parse)],
                    Assigned = [.. (parsed.GetValue(assigned) ?? []).Select(AssignOption.Parse)],
                };
                if (spec.Problem() is { } problem)
                {
                    throw new FormatException(problem);
                }
            }
            catch (FormatException error)
            {
                System.Console.Error.WriteLine($"viaduct: {error.Message}");
                return Task.FromResult(ExitCodes.BadUsage);
            }

            return GuestSession.RunAsync(spec, cancellation);
        });
        return command;
    }
}
