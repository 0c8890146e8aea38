using Viaduct.Machine.Specification;
using Viaduct.Platform.Host;
using Xunit;

namespace Viaduct.Machine.Tests.Specification;

public sealed class MachineSpecTests
{
    private static readonly MachineSpec _right = new() { Kernel = "vmlinuz" };

    [Fact]
    public void Problem_Defaults_None() => Assert.Null(_right.Problem());

    [Theory]
    [InlineData(0ul)]
    [InlineData(MachineSpec.MinMemory - 4096)]
    [InlineData(MachineSpec.MinMemory + 1)]
    [InlineData(MachineSpec.MaxMemory + 4096)]
    public void Problem_Memory_NamesTheOptionAndTheValue(ulong memory) =>
        Assert.StartsWith($"--memory {memory}", (_right with { Memory = memory }).Problem(), StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(17)]
    [InlineData(1000)]
    public void Problem_Cpus_NamesTheOptionAndTheValue(int cpus) =>
        Assert.StartsWith($"--cpus {cpus}", (_right with { Cpus = cpus }).Problem(), StringComparison.Ordinal);

    [Fact]
    public void Problem_TwoDisksOfOneId_QuotesIt()
    {
        DiskSpec disk = new() { Id = "a", Path = "a.img" };
        Assert.Equal("--disk: two disks have id=a", (_right with { Disks = [disk, disk with { Path = "b.img" }] }).Problem());
    }

    [Fact]
    public void Problem_MoreDisksThanSlots_SaysHowMany()
    {
        DiskSpec[] disks = [.. Enumerable.Range(0, VirtualMachine.MaxDevices + 1).Select(i => new DiskSpec { Id = $"{i}", Path = "a.img" })];
        Assert.Null((_right with { Disks = disks[1..] }).Problem());
        Assert.Contains($"{VirtualMachine.MaxDevices + 1}", (_right with { Disks = disks }).Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Problem_ADeviceThatIsAssignedTwice_QuotesIt()
    {
        AssignedSpec device = new() { Id = "a", Socket = "/run/a.sock" };
        Assert.Null((_right with { Assigned = [device] }).Problem());
        Assert.Equal("--assign: two devices have id=a", (_right with { Assigned = [device, device with { Socket = "b" }] }).Problem());
        Assert.Contains("/run/../run/a.sock", (_right with { Assigned = [device, new() { Id = "b", Socket = "/run/../run/a.sock" }] }).Problem(), StringComparison.Ordinal);
        AssignedSpec function = new() { Id = "c", Host = new PciAddress(0, 1, 0, 0) };
        Assert.Null((_right with { Assigned = [device, function] }).Problem());
        Assert.Contains("vfio:0000:01:00.0 stands twice", (_right with { Assigned = [function, function with { Id = "d" }] }).Problem(), StringComparison.Ordinal);
        Assert.Equal("--assign: two devices have id=a", (_right with { Disks = [new() { Id = "a", Path = "a.img" }], Assigned = [device] }).Problem());
    }
}
