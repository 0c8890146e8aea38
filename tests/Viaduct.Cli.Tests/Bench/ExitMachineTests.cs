using Viaduct.Cli.Bench.Exits;
using Viaduct.Engines.Kvm;
using Viaduct.Engines.Software;
using Xunit;

namespace Viaduct.Cli.Tests.Bench;

/// <summary>The guest of <c>viaduct bench exits</c> does what it is told, on each engine and with the peer.</summary>
public sealed class ExitMachineTests
{
    private const int Count = 50;

    public static TheoryData<int> Kinds => [.. Enum.GetValues<ExitKind>().Select(kind => (int)kind)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void SoftwareEngine_RunsTheGuest(int kind)
    {
        using ExitMachine machine = new((ExitKind)kind, static (memory, ports) => new SoftwareEngine(memory, ports, 1));
        Assert.True(machine.Measure(Count) > 0);
        Assert.True(machine.Measure(Count) > 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Kvm_AndThePeer_RunTheGuest(int kind)
    {
        Assert.SkipWhen(KvmProbe.Problem() is not null, $"no guest runs on KVM: {KvmProbe.Problem()}");
        using ExitMachine machine = new((ExitKind)kind, static (memory, ports) => new KvmEngine(memory, ports, 1));
        Assert.True(machine.Measure(Count) > 0);
        Assert.True(machine.Measure(Count) > 0);

        DirectoryInfo folder = Directory.CreateTempSubdirectory("viaduct-exits-");
        try
        {
            string program = Path.Combine(folder.FullName, "peer");
            string image = Path.Combine(folder.FullName, "image");
            ExitPeer.Compile(program);
            File.WriteAllBytes(image, ExitGuest.Build((ExitKind)kind));
            using ExitPeer peer = ExitPeer.Run(program, image);
            Assert.True(peer.Measure(Count) > 0);
            Assert.True(peer.Measure(Count) > 0);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
