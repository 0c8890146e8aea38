namespace Viaduct.Cli.Demo;

/// <summary>
/// What the demonstration does in the guest, by busybox's shell. Around what is measured it asks the monitor and waits
/// for a line, so that the monitor's readings are taken while the guest does nothing else.
/// </summary>
internal static class DemoScript
{
    /// <summary>The modules of both roads' drivers.</summary>
    internal static readonly string[] Modules = ["nvme", "virtio_pci", "virtio_blk"];

    /// <summary>Writes the script.</summary>
    /// <param name="disks">Names in /dev.</param>
    /// <param name="mebibytes">How much each disk holds at its start, and is to be written behind that.</param>
    internal static string For(IEnumerable<string> disks, int mebibytes) => $$"""
        PATH=/sbin:/usr/sbin:/bin:/usr/bin
        stty -echo
        say() { echo "@viaduct $*"; }
        ask() { say "$@"; read -r answer; }
        sum() { md5sum "$1" | cut -d' ' -f1; }
        driver() {
            for device in /sys/block/$1/device /sys/block/$1/device/device; do
                if [ -e $device/driver ]; then basename "$(readlink $device/driver)"; return; fi
            done
        }
        measure() {
            tries=100
            while [ ! -b /dev/$1 ] && [ $tries -gt 0 ]; do usleep 50000; tries=$((tries - 1)); done
            dd if=/dev/$1 of=/tmp/data bs=128k count={{mebibytes * 8}} 2>/dev/null || say failed $1 read
            say found $1 "$(driver $1)" "$(sum /tmp/data)"
            echo 3 > /proc/sys/vm/drop_caches
            ask begin $1 write
            dd if=/tmp/data of=/dev/$1 bs=128k seek={{mebibytes * 8}} conv=fsync 2>/dev/null || say failed $1 write
            sync
            ask end $1 write
            rm /tmp/data
            echo 3 > /proc/sys/vm/drop_caches
            ask begin $1 read
            dd if=/dev/$1 of=/tmp/back bs=128k skip={{mebibytes * 8}} count={{mebibytes * 8}} 2>/dev/null || say failed $1 read
            ask end $1 read
            say result $1 "$(sum /tmp/back)"
            rm /tmp/back
        }
        say ready "$(uname -r)"
        for disk in {{string.Join(' ', disks)}}; do measure $disk; done
        ask done
        poweroff -f
        """;
}
