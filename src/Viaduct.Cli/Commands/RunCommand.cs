using System.CommandLine;
using Viaduct.Cli.Lab;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.Specification;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct run</c>: one guest, its console on standard input and output.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        Argument<string?> file = new("FILE.yaml")
        {
            Description = "A file with guests, as 'viaduct up' takes it: the only one runs, or the one that --name says. Options stand before what it says; docs/labs.md describes it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        RunOptions options = new();
        Option<string?> save = new("--save") { Description = "Where Ctrl-A S writes the guest's state, to leave then. A guest without devices only.", HelpName = "F" };
        Option<string?> restore = new("--restore") { Description = "A state that was saved: the guest goes on from there. All other options must be those of the guest that was saved.", HelpName = "F" };
        Command command = new("run", """
            Runs one guest, its console on this terminal. Ctrl-A X leaves,
            Ctrl-A H lists what else there is.

            Examples:
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0"
              viaduct run --kernel vmlinuz --append "console=ttyS0 root=/dev/nvme0n1" --disk path=debian.img,road=emulated
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=hvc0" --console virtio --rng
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0" --net backend=passt,tcp=2222:22
              viaduct run --kernel vmlinuz --append "console=ttyS0 root=/dev/nvme0n1" --assign vfio-user:/run/nvme.sock
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0" --assign vfio:0000:02:00.0
              viaduct run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0" --assign vfio:eth3/vf2
              viaduct run examples/emulated.yaml --memory 1G

            Exit status: 0 the guest powered off or was saved, 2 bad options, 3 its kernel panicked, 4 its processor shut down
            (triple fault), 5 another guest holds the device, 130 left by Ctrl-A X or a signal, 1 anything else.
            """)
        {
            file,
        };
        options.AddTo(command);
        command.Options.Add(save);
        command.Options.Add(restore);
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is null && result.GetValue(options.Kernel) is null)
            {
                result.AddError("Option '--kernel' or a FILE.yaml is required.");
            }

            if (result.GetValue(file) is not null && (result.GetValue(save) ?? result.GetValue(restore)) is not null)
            {
                result.AddError("Options '--save' and '--restore' take a guest that options describe, no FILE.yaml.");
            }
        });
        command.SetAction((parsed, cancellation) => parsed.GetValue(file) is { } path
            ? RunFileAsync(path, options, parsed, cancellation)
            : RunMachineAsync(options, parsed, parsed.GetValue(save), parsed.GetValue(restore), cancellation));
        return command;
    }

    private static Task<int> RunMachineAsync(RunOptions options, ParseResult parsed, string? save, string? restore, CancellationToken cancellation)
    {
        try
        {
            MachineSpec spec = options.Apply(parsed, new MachineSpec { Kernel = parsed.GetRequiredValue(options.Kernel)! });
            return GuestSession.RunAsync(spec, save, restore, cancellation);
        }
        catch (FormatException error)
        {
            System.Console.Error.WriteLine($"viaduct: {error.Message}");
            return Task.FromResult(ExitCodes.BadUsage);
        }
        catch (HostFunctionException error)
        {
            System.Console.Error.WriteLine($"viaduct: --assign: {error.Message}");
            return Task.FromResult(error.Kind == ControlErrorKind.Held ? ExitCodes.DeviceHeld : ExitCodes.BadUsage);
        }
    }

    private static Task<int> RunFileAsync(string path, RunOptions options, ParseResult parsed, CancellationToken cancellation)
    {
        LabOptions lab = new() { Adjust = machine => options.Apply(parsed, machine) };
        return LabSession.RunAsync(() => OneGuest(LabReader.ReadFile(path), path, parsed.GetValue(options.Name)), lab, report: null, cancellation);
    }

    // The guest by itself, on this terminal, with those served devices that it uses.
    private static LabSpec OneGuest(LabSpec lab, string path, string? name)
    {
        LabGuest guest = (name, lab.Guests) switch
        {
            (null, [LabGuest only]) => only,
            (null, _) => throw new FormatException($"{path} has several guests: say which by --name {string.Join('|', lab.Guests.Select(each => each.Name))}"),
            _ => lab.Guests.FirstOrDefault(each => each.Name == name)
                ?? throw new FormatException($"--name {name}: {path} has {string.Join(", ", lab.Guests.Select(each => each.Name))}"),
        };
        return new LabSpec
        {
            Guests = [guest with { Console = new LabConsole(LabConsoleKind.Stdio) }],
            Devices = [.. lab.Devices.Where(device => guest.Assignments.Any(assignment => assignment.Device == device.Name))],
        };
    }
}
