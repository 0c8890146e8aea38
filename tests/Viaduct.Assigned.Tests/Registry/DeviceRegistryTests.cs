using Viaduct.Assigned.Registry;
using Viaduct.Platform.Host;

namespace Viaduct.Assigned.Tests.Registry;

public sealed class DeviceRegistryTests : IDisposable
{
    private const string Function = "0000:01:10.0";
    private const string Served = "/run/nvme";

    private readonly string _folder = Directory.CreateTempSubdirectory("viaduct-registry-").FullName;
    private readonly DeviceRegistry _registry;

    public DeviceRegistryTests() => _registry = new DeviceRegistry(Path.Combine(_folder, "run"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(Function)]
    [InlineData(Served)]
    public void Device_IsOnesAtATime(string device)
    {
        using (_registry.Claim(device, "guest 'a'"))
        {
            AssignedDeviceException refused = Assert.Throws<AssignedDeviceException>(() => new DeviceRegistry(_registry.Folder).Claim(device, "guest 'b'"));
            Assert.True(refused.IsHeld);
            Assert.Contains($"{device} is held by guest 'a' (pid {Environment.ProcessId})", refused.Message, StringComparison.Ordinal);
        }

        using DeviceClaim next = _registry.Claim(device, "guest 'b'");
        Assert.Empty(next.Left);
        Assert.Equal("guest 'b'", _registry.Find(device)?.Holder.Name);
    }

    [Fact]
    public void Address_IsTheSameDevice_HoweverItIsWritten()
    {
        using DeviceClaim claim = _registry.Claim(Function, "guest 'a'");
        Assert.Throws<AssignedDeviceException>(() => _registry.Claim("01:10.0", "guest 'b'"));
        Assert.NotNull(_registry.Find("01:10.0"));
    }

    [Fact]
    public void Entries_AreThoseThatAreHeld()
    {
        Assert.Empty(_registry.Entries);
        using DeviceClaim first = _registry.Claim(Function, "guest 'a'");
        using DeviceClaim second = _registry.Claim(Served, "viaduct serve");
        _registry.Claim("0000:01:10.2", "guest 'c'").Dispose();

        Assert.Equal([Served, Function], _registry.Entries.Select(entry => entry.Device).Order(StringComparer.Ordinal));
        Assert.All(_registry.Entries, entry => Assert.True(entry.IsHeld));
        Assert.Null(_registry.Find("0000:01:10.2"));
    }

    [Fact]
    public void FoldersOfServersThatAreGone_LeaveNoFiles()
    {
        using DeviceClaim function = _registry.Claim(Function, "guest 'a'");
        DeviceClaim first = _registry.Claim("/run/first", "viaduct serve");
        using DeviceClaim second = _registry.Claim("/run/second", "viaduct serve");
        first.Dispose();
        Assert.Equal(2, Directory.GetFiles(_registry.Folder).Length);

        // One that was killed, and so couldn't.
        File.WriteAllText(Path.Combine(_registry.Folder, new string('a', 32)), "{}\n");
        using DeviceClaim third = _registry.Claim("/run/third", "viaduct serve");
        Assert.Equal(3, Directory.GetFiles(_registry.Folder).Length);
        Assert.Equal(3, _registry.Entries.Count);
    }

    [Fact]
    public void Note_OfAHolderThatEnded_IsTheNextOnes()
    {
        using (DeviceClaim claim = _registry.Claim(Function, "guest 'a'"))
        {
            claim.Note(new Dictionary<string, string> { ["driver"] = "igbvf", ["long"] = new('x', 3000) });
            claim.Note(new Dictionary<string, string> { ["driver"] = "igbvf" });
        }

        RegistryEntry left = Assert.Single(_registry.Entries);
        Assert.False(left.IsHeld);
        Assert.Equal("guest 'a'", left.Holder.Name);
        using (DeviceClaim next = _registry.Claim(Function, "guest 'b'"))
        {
            Assert.Equal("igbvf", next.Left["driver"]);
        }

        // It ended as well, with nothing noted anew.
        using (DeviceClaim last = _registry.Claim(Function, "guest 'c'"))
        {
            Assert.Equal("igbvf", last.Left["driver"]);
            last.Note(new Dictionary<string, string>());
        }

        Assert.Empty(_registry.Entries);
        using DeviceClaim clean = _registry.Claim(Function, "guest 'd'");
        Assert.Empty(clean.Left);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}\n")]
    [InlineData("{\"device\":\"0000:01:10.0\",\"process\":1,\"name\":\"x\"")]
    [InlineData("\0\0\0\n")]
    [InlineData("[[[[[[[[[[[[\n")]
    public void File_ThatIsNoRecord_IsNoHolder(string content)
    {
        _registry.Claim(Function, "guest 'a'").Dispose();
        File.WriteAllText(Path.Combine(_registry.Folder, Function), content);
        Assert.Empty(_registry.Entries);
        using DeviceClaim claim = _registry.Claim(Function, "guest 'b'");
        Assert.Empty(claim.Left);
    }

    [Fact]
    public void Link_IsNotFollowed()
    {
        _registry.Claim(Function, "guest 'a'").Dispose();
        string elsewhere = Path.Combine(_folder, "elsewhere");
        File.WriteAllText(elsewhere, "theirs");
        File.Delete(Path.Combine(_registry.Folder, Function));
        File.CreateSymbolicLink(Path.Combine(_registry.Folder, Function), elsewhere);

        Assert.Empty(_registry.Entries);
        Assert.Throws<HostException>(() => _registry.Claim(Function, "guest 'b'"));
        Assert.Equal("theirs", File.ReadAllText(elsewhere));
    }

    [Fact]
    public void Name_HoldsNothingThatATerminalObeys()
    {
        using DeviceClaim claim = _registry.Claim(Function, "guest '\u001b[2J'");
        Assert.Equal("guest '[2J'", _registry.Find(Function)!.Holder.Name);
    }

    [Fact]
    public void Folder_ThatCannotBeMade_IsTold()
    {
        File.WriteAllText(_registry.Folder, "a file");
        Assert.Contains(_registry.Folder, Assert.Throws<HostException>(() => _registry.Claim(Function, "guest 'a'")).Message, StringComparison.Ordinal);
    }
}
