using FsCheck;
using FsCheck.Fluent;
using Viaduct.Assigned.Tests.Fakes;
using Viaduct.Assigned.VfioUser.Client;
using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.Tests.VfioUser;

/// <summary>Servers that lie: the client ends with an exception of its own or a lost device, never otherwise, and gives everything back.</summary>
[Collection(CountsDescriptors.Name)]
public sealed class HostileServerTests
{
    private static readonly VfioUserLimits _limits = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));

    [Fact]
    public void RandomLies_EndInADefinedWay()
    {
        Arbitrary<int> seeds = Gen.Choose(0, int.MaxValue).ToArbitrary();
        Prop.ForAll(seeds, seed => Survives(new Random(seed))).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void Closing_AtAnyPoint_EndsInADefinedWay()
    {
        for (int point = 0; point < 90; point++)
        {
            int at = point;
            Assert.True(Survives((index, header, body) => new FakeServer.Twist(header, body, Close: index == at)));
        }
    }

    [Fact]
    public void MissingDescriptors_LeaveADeviceThatIsReachedByMessages() =>
        Assert.True(Survives((_, header, body) => new FakeServer.Twist(header, body, Descriptors: false)));

    [Fact]
    public void Descriptors_AreGivenBack()
    {
        int before = OpenDescriptors();
        for (int i = 0; i < 20; i++)
        {
            Assert.True(Survives(new Random(i)));
        }

        Assert.True(SpinWait.SpinUntil(() => OpenDescriptors() <= before + 2, TimeSpan.FromSeconds(30)), "Descriptors stay open");
    }

    private static int OpenDescriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private static bool Survives(Random random)
    {
        int at = random.Next(90);
        int kind = random.Next(7);
        return Survives((index, header, body) => index != at ? new FakeServer.Twist(header, body) : kind switch
        {
            0 => new FakeServer.Twist(header, body[..random.Next(body.Length + 1)]),
            1 => new FakeServer.Twist(header, Scrambled(body, random)),
            2 => new FakeServer.Twist(header, body, Descriptors: false),
            3 => new FakeServer.Twist(header, [.. body, .. new byte[random.Next(5000)]]),
            4 => new FakeServer.Twist(header with { Id = (ushort)random.Next() }, body),
            5 => new FakeServer.Twist(header with { Flags = (MessageFlags)random.Next() }, body),
            _ => new FakeServer.Twist(header, body, Close: true),
        });
    }

    private static byte[] Scrambled(byte[] body, Random random)
    {
        byte[] scrambled = [.. body];
        for (int i = random.Next(8); i >= 0 && scrambled.Length != 0; i--)
        {
            scrambled[random.Next(scrambled.Length)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next();
        }

        return scrambled;
    }

    private static bool Survives(Func<int, MessageHeader, byte[], FakeServer.Twist> twist)
    {
        using FakeDevice behind = new();
        using FakeMachine machine = new();
        (MessageSocket client, MessageSocket server) = MessageSocket.Pair();
        using FakeServer serving = new(server, behind, twist);
        try
        {
            using VfioUserDevice device = new("vfio-user:hostile", client, "test", _limits);
            using AssignedFunction assigned = machine.Assign(device);
            assigned.Function.WriteConfig(0xB0 + 2, 2, 0x8000);
            machine.Memory.Write(FakeMachine.Bar0 + FakeDevice.TablePage + 12, 4, 0);
            machine.Memory.Write(FakeMachine.Bar0 + FakeDevice.DoorbellPage, 4, 1);
            for (ulong offset = 0; offset < 0x8000; offset += 0x800)
            {
                _ = machine.Read(FakeMachine.Bar0 + offset);
                machine.Memory.Write(FakeMachine.Bar0 + offset, 4, offset);
            }

            assigned.Function.SystemReset();
            machine.Port.Remove(assigned.Function);
        }
        catch (AssignedDeviceException)
        {
            // A device that can't be had.
        }

        return true;
    }
}
