using FsCheck;
using FsCheck.Fluent;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Pci;
using Xunit;

namespace Viaduct.Platform.Tests.Pci;

public sealed class SriovPropertyTests
{
    private static readonly uint[] _values = [0, 1, 2, 4, 8, 9, 0x10, 0x19, 0x40, 0x8000, 0xFFFF, 0x0003_0300, 0x0005_0300, 0xC020_0000, 0xC021_0004, 0xFFFF_FFFF];

    [Fact]
    public void RandomWrites_ToPhysicalAndVirtualFunctions_KeepRoutingConsistent()
    {
        Arbitrary<int[]> steps = Gen.Choose(0, int.MaxValue).ArrayOf(80).ToArbitrary();
        Prop.ForAll(steps, Holds).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }

    [Fact]
    public void ManyThreads_EnableResetAndUseThem_AndNothingIsLeftBehind()
    {
        using Scene scene = new();
        Parallel.For(0, 8, worker =>
        {
            Random random = new(worker);
            for (int i = 0; i < 200; i++)
            {
                scene.Step(random);
            }
        });
        scene.AssertConsistent();
        scene.Device.WriteDisable();
        scene.AssertEmpty();
    }

    [Fact]
    public void Creation_AThousandTimes_LeavesNothingBehind()
    {
        using Scene scene = new();
        int ranges = scene.Board.Memory.Current.Ranges.Length;
        List<WeakReference> gone = [];
        for (int i = 0; i < 1000; i++)
        {
            scene.Device.WriteEnable(4, ari: true);
            if (i % 100 == 0)
            {
                Remember(scene, gone);
            }

            scene.Device.WriteDisable();
        }

        scene.AssertEmpty();
        Assert.Equal(4000, scene.Device.Created);
        Assert.Equal(ranges, scene.Board.Memory.Current.Ranges.Length);
        GC.Collect();
        Assert.DoesNotContain(gone, reference => reference.IsAlive);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Remember(Scene scene, List<WeakReference> gone) =>
        gone.Add(new WeakReference(scene.Device.Sriov.Functions[1]));

    private static bool Holds(int[] steps)
    {
        using Scene scene = new();
        foreach (int step in steps)
        {
            scene.Step(new Random(step));
        }

        scene.AssertConsistent();
        scene.Device.WriteDisable();
        scene.AssertEmpty();
        return true;
    }

    private sealed class Scene : IDisposable
    {
        private const ulong VfBar = 0xC020_0000;

        internal Scene()
        {
            Port = Board.Root.AddRootPort(3);
            Device = new TestVirtualFunctions(Board.Root, 16);
            Port.Add(Device.Function);
            Board.BringUp();
            TestBoard.OpenPort(Port, bus: 3, memory: (uint)VfBar, prefetchable: 0x10_2000_0000, io: 0x3000);
            Port.Function.WriteConfig(Port.Bridge.Express!.Offset + 0x28, 2, 0x20);
            Device.SetVfBar(VfBar);
        }

        internal TestBoard Board { get; } = new();

        internal RootPort Port { get; }

        internal TestVirtualFunctions Device { get; }

        internal void Step(Random random)
        {
            int sriov = Device.Sriov.Offset;
            IReadOnlyList<PciFunction> live = Device.Sriov.Functions;
            uint value = random.Next(3) == 0 ? (uint)random.NextInt64() : _values[random.Next(_values.Length)];
            int size = 1 << random.Next(3);
            switch (random.Next(8))
            {
                case 0:
                    Device.WriteEnable(random.Next(20), ari: random.Next(2) == 0);
                    break;
                case 1:
                    Device.Function.WriteConfig(sriov + (random.Next(0x40) & -size), size, value);
                    break;
                case 2:
                    Device.Function.WriteConfig(random.Next(0x140) & -size, size, value);
                    break;
                case 3:
                    Port.Function.WriteConfig((0x18 + random.Next(0x28)) & -size, size, value);
                    break;
                case 4:
                    Board.Memory.Write(VfBar + (ulong)random.Next(0x4_0000), 4, value);
                    break;
                case 5:
                    Board.Root.WriteConfig(3, random.Next(1, 20), random.Next(0x100) & -size, size, value);
                    break;
                default:
                    if (live.Count != 0)
                    {
                        PciFunction function = live[random.Next(live.Count)];
                        function.WriteConfig(random.Next(0x140) & -size, size, value);
                        function.WriteConfig(4, 2, TestBoard.BusMaster);
                        function.Bars[0].Write((ulong)random.Next(0x4000), 4, value);
                        if (Device.Vectors.TryGetValue(function, out MsixCapability? vectors))
                        {
                            vectors.Signal(random.Next(4));
                        }
                    }

                    break;
            }
        }

        internal void AssertConsistent()
        {
            Assert.True(Device.RemovedCleanly);
            IReadOnlyList<PciFunction> live = Device.Sriov.Functions;
            Assert.Equal(Device.Live.Count, live.Count);
            bool enabled = Device.Sriov.Enabled && Device.Sriov.NumVfs <= 16;
            Assert.Equal(enabled ? Device.Sriov.NumVfs : 0, live.Count);
            bool masters = (Port.Function.ReadConfig(4, 2) & 4) != 0 && Port.Function.IsPowered;
            foreach (PciFunction function in live)
            {
                int id = (int)(Port.Function.ReadConfig(0x19, 1) << 8) + 1 + function.VirtualIndex!.Value;
                Assert.Equal(id, function.Dma.RequesterId);
                bool own = (function.ReadConfig(4, 2) & 4) != 0 && function.IsPowered;
                Assert.Equal(own && masters, function.Dma.Granted);
            }

            foreach (FlatRange range in Board.Memory.Current.Ranges)
            {
                int at = range.Mapping.Name.IndexOf("-vf", StringComparison.Ordinal);
                Assert.True(at < 0 || live.Any(function => range.Mapping.Name.StartsWith(function.Name + " ", StringComparison.Ordinal)));
            }

            Assert.Same(Board.Ram, Board.Memory.Current.Find(0)?.Memory);
        }

        internal void AssertEmpty()
        {
            Assert.True(Device.RemovedCleanly);
            Assert.Empty(Device.Live);
            Assert.Equal(Device.Created, Device.Removed);
            Assert.Empty(Device.Sriov.Functions);
            Assert.DoesNotContain(Board.Memory.Current.Ranges.ToArray(), range => range.Mapping.Name.Contains("-vf", StringComparison.Ordinal));
        }

        public void Dispose() => Board.Dispose();
    }
}
