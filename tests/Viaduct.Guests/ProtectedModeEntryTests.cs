using Viaduct.Guests.Support;
using Viaduct.Machine;
using Viaduct.Machine.Boot;
using Viaduct.Machine.Specification;

namespace Viaduct.Guests;

/// <summary>The way in of an ELF vmlinux: from 32-bit protected mode through compatibility mode to 64 bits, by the kernel's own code.</summary>
public sealed class ProtectedModeEntryTests : IDisposable
{
    private readonly GuestFiles _files = new();
    private readonly Transcript _transcript = new();

    [Fact]
    public async Task Vmlinux_StartedByPvh_HasItsMemoryTablesAndRamDisk()
    {
        LinuxImage packed = new(GuestFiles.Kernel.Image, await File.ReadAllBytesAsync(GuestFiles.Kernel.Image, TestContext.Current.CancellationToken));
        string vmlinux = _files.Write("vmlinux", KernelPayload.TryUnpack(packed.Payload)!);
        MachineSpec spec = GuestRun.Spec(_files, "dmesg | grep -c 'ACPI: DSDT' | sed 's/^/TABLES /'\npoweroff -f") with { Kernel = vmlinux };
        MachineExit exit = await GuestRun.ToEnd(spec, _transcript);
        Assert.Equal(MachineExitReason.PowerOff, exit.Reason);
        Assert.Equal("1", _transcript.After("TABLES"));
        Assert.Contains("[mem 0x0000000000100000-0x000000000fffffff] usable", _transcript.Text, StringComparison.Ordinal);
    }

    public void Dispose() => _files.Dispose();
}
