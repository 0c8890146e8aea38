using System.Text;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Machine.GuestParts;
using Viaduct.Platform.Accounting;

namespace Viaduct.Cli.Lab;

/// <summary>
/// What goes into the RAM disk of a guest with Debian's kernel: the script of the lab's file, and what runs it and tells
/// its exit status. <c>note TEXT</c> shows a line with the lab's progress; <c>await-disk NAME</c> waits for a disk in /dev.
/// </summary>
internal static class LabScript
{
    /// <summary>Programs that scripts may use.</summary>
    internal static readonly RamDiskFile[] Programs =
    [
        Program("note", """
            #!/bin/sh
            echo "@viaduct note $*" > /dev/console
            """),
        Program("await-disk", """
            #!/bin/sh
            tries=600
            while [ ! -b "/dev/$1" ]; do
                tries=$((tries - 1))
                if [ $tries = 0 ]; then echo "there is no /dev/$1" >&2; exit 1; fi
                usleep 100000
            done
            """),
    ];

    /// <summary>The init script's part for a guest.</summary>
    internal static string For(LabGuest guest) => guest.Script is { } script ? Run(script) : """
        PATH=/sbin:/usr/sbin:/bin:/usr/bin
        export PATH
        setsid cttyhack sh
        poweroff -f
        """;

    /// <summary>The modules that a guest needs for its devices.</summary>
    internal static string[] Modules(LabGuest guest)
    {
        List<string> modules = [];
        if (guest.Assignments.Count > 0 || guest.Disks.Any(disk => disk.Road == Road.Emulated))
        {
            modules.Add("nvme");
        }

        if (guest.Entropy || guest.Networks.Count > 0 || guest.Disks.Any(disk => disk.Road == Road.Paravirtual))
        {
            modules.Add("virtio_pci");
        }

        if (guest.Disks.Any(disk => disk.Road == Road.Paravirtual))
        {
            modules.Add("virtio_blk");
        }

        if (guest.Networks.Count > 0)
        {
            modules.Add("virtio_net");
        }

        if (guest.Entropy)
        {
            modules.Add("virtio_rng");
        }

        return [.. modules];
    }

    // The answer is waited for so that the status has left the serial port before the power goes.
    private static string Run(string script)
    {
        string end = "END-OF-SCRIPT";
        while (script.Contains(end, StringComparison.Ordinal))
        {
            end += "-";
        }

        return $"""
            PATH=/sbin:/usr/sbin:/bin:/usr/bin
            export PATH
            cat > /script <<'{end}'
            {script}
            {end}
            sh -e /script
            echo "@viaduct status $?"
            read -r -t 10 answer
            poweroff -f
            """;
    }

    private static RamDiskFile Program(string name, string text) => new($"bin/{name}", Encoding.UTF8.GetBytes(text + "\n"), Executable: true);
}
