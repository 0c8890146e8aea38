using System.Diagnostics;
using System.Net.Sockets;
using Viaduct.Assigned;
using Viaduct.Platform.Accounting;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Tests.Fakes;

namespace Viaduct.Sriov.Tests;

// One class after the other: descriptors and threads are counted.
[Collection("served")]
public sealed class ServedControllerTests
{
    [Fact]
    public void TwoGuests_OnTwoFunctions_WorkAtTheSameTimeEachOnItsNamespace()
    {
        using Rig rig = new(2);
        using NvmeDriver first = new(rig.Take("vf1", "guest a"));
        using NvmeDriver second = new(rig.Take("vf2", "guest b"));
        using NvmeDriver physical = new(rig.Take("pf", "guest c"));
        Assert.Equal([2u], first.Namespaces());
        Assert.Equal([3u], second.Namespaces());
        Assert.Equal([1u], physical.Namespaces());
        for (uint round = 0; round < 20; round++)
        {
            first.Data.Fill((byte)(round + 1));
            second.Data.Fill((byte)(round + 101));
            Assert.Equal(0, first.Transfer(2, round * 8, write: true));
            Assert.Equal(0, second.Transfer(3, round * 8, write: true));
        }

        for (uint round = 0; round < 20; round++)
        {
            Assert.Equal(0, first.Transfer(2, round * 8, write: false));
            Assert.Equal(0, second.Transfer(3, round * 8, write: false));
            Assert.Equal(-1, first.Data.IndexOfAnyExcept((byte)(round + 1)));
            Assert.Equal(-1, second.Data.IndexOfAnyExcept((byte)(round + 101)));
        }

        Assert.NotEqual(0, first.Transfer(3, 0, write: true));
        Assert.Equal(["guest c", "guest a", "guest b"], rig.Controller.Functions.Select(each => each.Holder!.Name));
        Assert.All(rig.Controller.Functions, each => Assert.Equal(Environment.ProcessId, each.Holder!.Process));
        Assert.True(rig.State("vf1").Requests > 40);
    }

    [Fact]
    public void Held_AnotherGuestIsToldWhoHasItAndWhatToDo()
    {
        using Rig rig = new(1);
        using AssignedHandle held = new(rig.Take("vf1", "guest a"));
        AssignedDeviceException refused = Assert.Throws<AssignedDeviceException>(() => rig.Take("vf1", "guest b"));
        Assert.True(refused.IsHeld);
        Assert.Contains($"guest a (pid {Environment.ProcessId})", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"viaduct sriov list {rig.Folder}", refused.Message, StringComparison.Ordinal);
        Assert.Equal("guest a", rig.State("vf1").Holder!.Name);
    }

    [Fact]
    public void HolderGone_TheNextHasItAtOnce_AsNew()
    {
        using Rig rig = new(1);
        for (int i = 0; i < 10; i++)
        {
            // In the middle of its work; the driver before left the controller enabled.
            using NvmeDriver driver = new(rig.Take("vf1", $"guest {i}"));
            Assert.Equal(0, driver.Transfer(2, 0, write: true));
        }

        AwaitFree(rig, "vf1");
        Assert.Equal(10, rig.State("vf1").Clients);
    }

    [Fact]
    public void PhysicalFunction_ResetAndLeft_TouchesNoVirtualOne()
    {
        using Rig rig = new(2);
        using NvmeDriver driver = new(rig.Take("vf1", "guest a"));
        using (AssignedHandle physical = new(rig.Take("pf", "guest b")))
        {
            Assert.True(physical.Device.TryReset());
        }

        AwaitFree(rig, "pf");
        Assert.Equal(0, driver.Transfer(2, 0, write: true));
        Assert.Equal(["control.sock", "pf.sock", "vf1.sock", "vf2.sock"], rig.Files);
    }

    [Fact]
    public void Remove_OfAHeldOne_IsRefusedUnlessForced()
    {
        using Rig rig = new(3);
        using NvmeDriver other = new(rig.Take("vf2", "guest b"));
        using AssignedHandle held = new(rig.Take("vf1", "guest a"));
        ControlError error = rig.Controller.RemoveAll(force: false)!;
        Assert.Equal(ControlErrorKind.Held, error.Kind);
        Assert.Contains($"guest a (pid {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        Assert.Contains("--force", error.Message, StringComparison.Ordinal);
        Assert.Equal(4, rig.Controller.Functions.Count);
        using ManualResetEventSlim lost = new();
        held.Device.Lost += lost.Set;
        Assert.Null(rig.Controller.Remove([1, 3], force: true));
        Assert.True(lost.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Equal(["control.sock", "pf.sock", "vf2.sock"], rig.Files);
        Assert.Equal(0, other.Transfer(3, 0, write: true));
        Assert.Equal(ControlErrorKind.Missing, rig.Controller.Remove([1], force: true)!.Kind);
        Assert.Null(rig.Controller.Create(1));
        using AssignedHandle again = new(rig.Take("vf1", "guest a"));
        Assert.Equal(2, AwaitHolder(rig, "vf1").Clients);
    }

    [Fact]
    public void CreateAndRemove_AHundredTimesBesideAGuest_LeavesNothing()
    {
        using Rig rig = new(4);
        using NvmeDriver other = new(rig.Take("vf2", "guest"));
        (int Descriptors, int Threads)? before = null;
        for (int round = 0; round < 100; round++)
        {
            Assert.Null(rig.Controller.Remove([1, 3, 4], force: false));
            Assert.Null(rig.Controller.Create(3));
            Assert.Equal(0, other.Transfer(3, (uint)round, write: true));
            before ??= (Directory.GetFiles("/proc/self/fd").Length, WorkingThreads());
        }

        Assert.Equal(["control.sock", "pf.sock", "vf1.sock", "vf2.sock", "vf3.sock", "vf4.sock"], rig.Files);

        // The runtime itself opens a few at times.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before!.Value.Descriptors + 20);
        Assert.Equal(before.Value.Threads, WorkingThreads());
    }

    [Fact]
    public void Create_MoreThanThereCanBe_MakesNone()
    {
        using Rig rig = new(2);
        Assert.Null(rig.Controller.Remove([1], force: false));
        ControlError error = rig.Controller.Create(2)!;
        Assert.Contains("1 of at most 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(["control.sock", "pf.sock", "vf2.sock"], rig.Files);
        Assert.NotNull(rig.Controller.Create(0));
        Assert.NotNull(rig.Controller.Create(int.MaxValue));
    }

    [Fact]
    public void Create_WhereAFileIsInTheWay_MakesNoneAndSaysWhich()
    {
        using Rig rig = new(2);
        Assert.Null(rig.Controller.RemoveAll(force: false));
        string inTheWay = Path.Combine(rig.Folder, "vf2.sock");
        File.WriteAllText(inTheWay, "mine");
        ControlError error = rig.Controller.Create(2)!;
        Assert.Equal(ControlErrorKind.Failed, error.Kind);
        Assert.Contains("vf2.sock", error.Message, StringComparison.Ordinal);
        Assert.Equal(["control.sock", "pf.sock", "vf2.sock"], rig.Files);
        Assert.Equal("mine", File.ReadAllText(inTheWay));
    }

    [Fact]
    public void Set_LimitsAndTakesOffLine_WhoeverHoldsIt()
    {
        using Rig rig = new(1);
        Assert.Null(rig.Controller.Set(1, new FunctionChange { Iops = 500, Burst = 250 }));
        Assert.Null(rig.Controller.Set(1, new FunctionChange { Bandwidth = 1 << 20 }));
        FunctionState state = rig.State("vf1");
        Assert.Equal((500, 1 << 20, 250), (state.Iops, state.Bandwidth, state.Burst));
        Assert.Null(rig.Controller.Set(1, new FunctionChange { Iops = 0, Bandwidth = 0 }));
        Assert.Null(rig.State("vf1").Burst);
        Assert.Null(rig.Controller.Set(1, new FunctionChange { Online = false }));
        Assert.False(rig.State("vf1").Online);
        Assert.Null(rig.Controller.Set(1, new FunctionChange { Online = true }));
        using NvmeDriver driver = new(rig.Take("vf1", "guest"));
        Assert.NotNull(rig.Controller.Set(0, new FunctionChange { Online = false }));
        Assert.NotNull(rig.Controller.Set(1, new FunctionChange { Iops = -1 }));
        Assert.NotNull(rig.Controller.Set(1, new FunctionChange { Burst = long.MaxValue }));
        Assert.NotNull(rig.Controller.Set(1, new FunctionChange()));
        Assert.Equal(ControlErrorKind.Missing, rig.Controller.Set(2, new FunctionChange { Iops = 1 })!.Kind);
        Assert.Equal(ControlErrorKind.Missing, rig.Controller.Set(int.MinValue, new FunctionChange { Iops = 1 })!.Kind);
    }

    [Fact]
    public void Folder_OfALiveController_IsRefusedWithItsProcess()
    {
        using Rig rig = new(1);
        ServedFolderException error = Assert.Throws<ServedFolderException>(() => new ServedController(rig.Options, rig.Folder, new EventLog(TextWriter.Null)));
        Assert.Contains($"(pid {Environment.ProcessId})", error.Message, StringComparison.Ordinal);
        Assert.Equal(["control.sock", "pf.sock", "vf1.sock"], rig.Files);
        using AssignedHandle still = new(rig.Take("vf1", "guest"));
    }

    [Fact]
    public void Folder_ThatWasLeftBehind_IsSweptOfSocketsAlone()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("left");
        string file = Path.Combine(folder.FullName, "vf8.sock");
        File.WriteAllText(file, "mine");
        string stale = Path.Combine(folder.FullName, "vf9.sock");
        using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            string made = Path.Combine(folder.FullName, "made.sock");
            socket.Bind(new UnixDomainSocketEndPoint(made));
            File.Move(made, stale);
        }

        Assert.True(File.Exists(stale));
        using (ServedFolder taken = ServedFolder.Take(folder.FullName))
        {
            Assert.False(File.Exists(stale));
            Assert.True(File.Exists(file));
        }

        ServedFolder.Take(folder.FullName).Dispose();
        folder.Delete(recursive: true);
        Assert.Throws<ServedFolderException>(() => ServedFolder.Take("/tmp/" + new string('x', 100)));
    }

    [Fact]
    public void Dispose_RemovesTheSockets_AndGuestsLoseTheirFunctions()
    {
        using Rig rig = new(1);
        using AssignedHandle held = new(rig.Take("vf1", "guest"));
        using ManualResetEventSlim lost = new();
        held.Device.Lost += lost.Set;
        rig.Controller.Dispose();
        Assert.True(lost.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.Empty(rig.Files);
        Assert.Contains("guest", rig.LogText, StringComparison.Ordinal);
        Assert.NotNull(rig.Controller.Create(1));
    }

    private static int WorkingThreads() =>
        Directory.EnumerateDirectories("/proc/self/task")
            .Select(task => ReadName(Path.Combine(task, "comm")))
            .Count(name => name.StartsWith("accept-test", StringComparison.Ordinal) || name.StartsWith("serve-test", StringComparison.Ordinal));

    private static string ReadName(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void AwaitFree(Rig rig, string function) => Await(() => rig.State(function).Holder is null);

    private static FunctionState AwaitHolder(Rig rig, string function)
    {
        Await(() => rig.State(function) is { Holder: not null, Clients: 2 });
        return rig.State(function);
    }

    private static void Await(Func<bool> condition)
    {
        long began = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Thread.Yield();
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
        }
    }

    /// <summary>A device that is given back.</summary>
    private sealed class AssignedHandle(IAssignedDevice device) : IDisposable
    {
        internal IAssignedDevice Device => device;

        public void Dispose() => device.Dispose();
    }
}
