using Viaduct.Lab.Outer;

namespace Viaduct.Lab;

/// <summary>An outer machine whose network port and NVMe controller get virtual functions by <c>viaduct sriov</c>.</summary>
public sealed class HostFunctionsMachine : OuterFixture
{
    /// <summary>Describes it.</summary>
    public HostFunctionsMachine()
        : base(new OuterOptions { Name = "sriov" })
    {
    }

    /// <summary>Its port is up, with a link.</summary>
    private protected override async Task PrepareAsync() =>
        await Machine.OutputAsync("""
            interface=$(ls /sys/bus/pci/drivers/igb/0000:*/net)
            ip link set $interface name port0 up
            for i in $(seq 100); do [ "$(cat /sys/class/net/port0/carrier)" = 1 ] && exit; sleep 0.2; done
            exit 1
            """);
}
