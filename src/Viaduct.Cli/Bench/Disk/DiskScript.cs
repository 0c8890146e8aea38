namespace Viaduct.Cli.Bench.Disk;

/// <summary>
/// What a guest of the bench does, by busybox's shell: it says which disk is which, then takes loads from the console, a
/// line each, and answers with what fio measured. Disks are told apart by the name that their first sector holds, for
/// a controller's serial number is its own affair.
/// </summary>
internal static class DiskScript
{
    /// <summary>What the first sector holds, before a disk's id and a line's end.</summary>
    internal const string Label = "viaduct-bench ";

    /// <summary>Bytes at a disk's start that loads leave alone, for the label.</summary>
    internal const int LabelLength = 1 << 20;

    /// <summary>Drivers of all roads' disks.</summary>
    internal static readonly string[] Modules = ["nvme", "virtio_pci", "virtio_blk"];

    // A guest that nobody asks for long powers itself off: none stays behind where its bench was killed.
    private const int Patience = 600;

    /// <summary>On the kernel's command line, which hands it on to init: how many disks to wait for.</summary>
    internal const string DisksVariable = "disks";

    /// <summary>The script.</summary>
    internal static readonly string Text = $$"""
        PATH=/sbin:/usr/sbin:/bin:/usr/bin
        stty -echo
        say() { echo "@viaduct $*"; }
        field() { echo "$figures" | cut -d';' -f"$1"; }
        uptime() { cut -d' ' -f1 /proc/uptime; }
        tries=200
        while [ $tries -gt 0 ]; do
            found=
            for disk in $(ls /sys/block); do
                label=$(head -c 64 /dev/$disk 2>/dev/null | head -n 1)
                case "$label" in '{{Label}}'*) found="$found ${label#{{Label}}}=$disk" ;; esac
            done
            [ $(echo $found | wc -w) -eq ${{DisksVariable}} ] && break
            usleep 100000
            tries=$((tries - 1))
        done
        say ready $(uname -r) $found
        while read -r -t {{Patience}} disk pattern size depth seconds; do
            [ "$disk" = end ] && break
            say begin $(uptime)
            figures=$(fio --name=load --filename=/dev/$disk --rw=$pattern --bs=$size --iodepth=$depth --ioengine=io_uring \
                --direct=1 --offset={{LabelLength}} --norandommap --scramble_buffers=0 --gtod_reduce=1 --thread \
                --time_based --runtime=$seconds --minimal --terse-version=3 2>/tmp/errors)
            now=$(uptime)
            if [ -n "$figures" ] && [ "$(field 5)" = 0 ]; then
                say result $now $(field 6) $(field 9) $(field 47) $(field 50)
            else
                say failed $now $(tail -n 1 /tmp/errors)
            fi
        done
        poweroff -f
        """;
}
