using System.Text.Json.Nodes;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Cli.Lab.Yaml;

namespace Viaduct.Cli.Tests.Lab;

/// <summary>The JSON schema, which editors use, says what the reader says.</summary>
public sealed class LabSchemaTests
{
    private readonly JsonSchemaCheck _schema = new(Path.Combine(LabFiles.Repository, "docs", "lab.schema.json"));

    public static TheoryData<string> Examples() => [.. LabFiles.Examples.Select(Path.GetFileName).Select(name => name!)];

    [Fact]
    public void Examples_ThereIsOneARoadAndOneForAll() =>
        Assert.Empty(((string?[])["all-roads.yaml", "assigned.yaml", "emulated.yaml", "paravirtual.yaml", "shared.yaml"]).Except(LabFiles.Examples.Select(Path.GetFileName)));

    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_IsTakenByBoth(string name)
    {
        string text = File.ReadAllText(Path.Combine(LabFiles.Repository, "examples", name));
        Assert.Empty(LabFiles.Problems(text));
        Assert.True(Schema(text));
    }

    [Fact]
    public void Keys_AreTheSame()
    {
        Assert.Equal(LabReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Root));
        Assert.Equal(LabGuestReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["guest"]!));
        Assert.Equal(LabDeviceReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["device"]!));
        Assert.Equal(LabDiskReader.GuestKeys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["guestDisk"]!));
        Assert.Equal(LabNetworkReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["network"]!));
        Assert.Equal(LabDiskReader.DeviceKeys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["deviceDisk"]!));
        Assert.Equal(LabLimitReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["limit"]!));
        Assert.Equal(LabAssignmentReader.Keys.Order(StringComparer.Ordinal), Keys(_schema.Definitions["assignment"]!));
    }

    [Theory]
    [InlineData("guests: {a: {kernel: k}}", true)]
    [InlineData("guests: {a: {kernel: debian, script: 'true', modules: [nvme], rng: true, console: none}}", true)]
    [InlineData("guests: {a: {kernel: k, memory: 268435456, cpus: 1, engine: auto, console: 'file:x'}}", true)]
    [InlineData("guests: {a: {kernel: k, disks: [{create: 1m, id: x, readonly: false, format: raw}]}}", true)]
    [InlineData("guests: {a: {kernel: k, assign: [{device: 'vfio-user:s', id: x}]}}", true)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: none, mac: '52:54:00:00:00:01', queues: 2, mtu: 9000, pcap: f, id: n}]}}", true)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: 'switch:s', vlan: 10}, {backend: 'switch:s', trunk: [1, 10]}]}}", true)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: passt, tcp: '2222:22,80', udp: '53'}, {backend: 'tap:t0', road: paravirtual}]}}", true)]
    [InlineData("guests: {a: {kernel: k, networks: [{id: x}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: tap}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: bridge}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: none, queues: 17}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: none, mac: '52:54:00:00:00'}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: 'switch:s', vlan: 4095}]}}", false)]
    [InlineData("guests: {a: {kernel: k, networks: [{backend: 'switch:s', trunk: [x]}]}}", false)]
    [InlineData("devices: {}", false)]
    [InlineData("guests: {}", false)]
    [InlineData("guests: []", false)]
    [InlineData("guests: {-a: {kernel: k}}", false)]
    [InlineData("guests: {abcdefghijabcdefghija: {kernel: k}}", false)]
    [InlineData("guests: {a: {}}", false)]
    [InlineData("guests: {a: {kernel: ''}}", false)]
    [InlineData("guests: {a: {kernel: [k]}}", false)]
    [InlineData("guests: {a: {kernel: k, colour: red}}", false)]
    [InlineData("guests: {a: {kernel: k, memory: lots}}", false)]
    [InlineData("guests: {a: {kernel: k, cpus: 0}}", false)]
    [InlineData("guests: {a: {kernel: k, cpus: one}}", false)]
    [InlineData("guests: {a: {kernel: k, rng: 'true'}}", false)]
    [InlineData("guests: {a: {kernel: k, engine: xen}}", false)]
    [InlineData("guests: {a: {kernel: k, console: 'file:'}}", false)]
    [InlineData("guests: {a: {kernel: k, disks: {path: x}}}", false)]
    [InlineData("guests: {a: {kernel: k, disks: [{id: x}]}}", false)]
    [InlineData("guests: {a: {kernel: k, disks: [{path: x, format: qcow}]}}", false)]
    [InlineData("guests: {a: {kernel: k, disks: [{path: x, id: '?'}]}}", false)]
    [InlineData("guests: {a: {kernel: debian, modules: [../x]}}", false)]
    [InlineData("guests: {a: {kernel: k, assign: [{id: x}]}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {disks: [{path: x}]}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: []}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x, road: emulated}]}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 128}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 127}}", true)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x, shared: true}, {path: y, vf: 0}], vfs: 2, limits: {pf: {iops: 1}, vf2: {iops: 10, bandwidth: 1M, burst: 5}}}}", true)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 2, limits: {vf: {iops: 10}}}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 2, limits: {vf1: {iops: 0}}}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 2, limits: {vf1: {burst: 5}}}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 2, limits: {vf1: {iops: 5, burst: 60001}}}}", false)]
    [InlineData("guests: {a: {kernel: k}}\ndevices: {d: {type: nvme, disks: [{path: x}], vfs: 2, limits: [vf1]}}", false)]
    public void Lab_IsJudgedAlikeByBoth(string text, bool valid)
    {
        Assert.Equal(valid, LabFiles.Problems(text).Count == 0);
        Assert.Equal(valid, Schema(text));
    }

    private static IEnumerable<string> Keys(JsonNode schema) =>
        schema["properties"]!.AsObject().Select(property => property.Key).Order(StringComparer.Ordinal);

    private bool Schema(string text)
    {
        YamlProblems problems = new();
        YamlNode document = YamlReader.Read(text, problems)!;
        Assert.False(problems.Any);
        return _schema.Accepts(document);
    }
}
