using FsCheck;
using FsCheck.Fluent;
using Viaduct.Cli.Lab.Specification;
using Viaduct.Cli.Lab.Yaml;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Tests.Lab;

public sealed class LabReaderTests
{
    private const string Devices = "devices: {ctl: {type: nvme, vfs: 2, disks: [{create: 8M}]}, own: {type: nvme, disks: [{create: 8M}]}}\n";

    [Fact]
    public void Read_AllKeys_GivesTheirValues()
    {
        LabSpec lab = LabFiles.Read("""
            devices:
              ctl: {type: nvme, vfs: 3, disks: [{path: ns.img, create: 1G, id: ns, readonly: false, direct: true, vf: 3}], limits: {vf2: {iops: 500, bandwidth: 1M, burst: 20}}}
            guests:
              web:
                kernel: kernels/vmlinuz
                initrd: /boot/initrd
                append: console=ttyS0 quiet
                memory: 256M
                cpus: 1
                engine: software
                rng: true
                console: socket:run/web.sock
                disks:
                  - {path: a.img, road: emulated, format: raw, readonly: true, direct: true, id: root}
                  - create: 64M
                assign: [ctl/vf2, {device: "vfio-user:nvme.sock", id: other}, "vfio:01:10.0"]
              debian:
                kernel: debian
                script: |
                  true
                  note well
                modules: [nvme, virtio-pci]
            """);
        LabDevice device = Assert.Single(lab.Devices);
        Assert.Equal(3, device.VirtualFunctions);
        Assert.Equal(new LabDisk { Id = "ns", Path = "/labs/ns.img", Create = 1UL << 30, Direct = true, Function = 3 }, Assert.Single(device.Disks));
        Assert.Equal(new LabLimit { Function = 2, Iops = 500, Bandwidth = 1 << 20, Burst = 20 }, Assert.Single(device.Limits));
        LabGuest web = lab.Guests[0];
        Assert.Equal(("web", "/labs/kernels/vmlinuz", "/boot/initrd", "console=ttyS0 quiet"), (web.Name, web.Kernel, web.Initrd, web.CommandLine));
        Assert.Equal((256UL << 20, 1, EngineChoice.Software, true), (web.Memory, web.Cpus, web.Engine, web.Entropy));
        Assert.Equal(new LabConsole(LabConsoleKind.Socket, "/labs/run/web.sock"), web.Console);
        Assert.Equal(
            [
                new LabDisk { Id = "root", Path = "/labs/a.img", Road = Road.Emulated, ReadOnly = true, Direct = true },
                new LabDisk { Id = "disk1", Create = 64UL << 20, Road = Road.Paravirtual },
            ],
            web.Disks);
        Assert.Equal(
            [
                new LabAssignment { Id = "assigned0", Device = "ctl", VirtualFunction = 2 },
                new LabAssignment { Id = "other", Socket = "/labs/nvme.sock" },
                new LabAssignment { Id = "assigned2", Host = new PciAddress(0, 1, 0x10, 0) },
            ],
            web.Assignments);
        LabGuest debian = lab.Guests[1];
        Assert.Null(debian.Kernel);
        Assert.Equal("true\nnote well", debian.Script!.TrimEnd());
        Assert.Equal(["nvme", "virtio_pci"], debian.Modules);
        Assert.Equal("console=ttyS0 quiet", debian.CommandLine);
    }

    [Theory]
    [InlineData("", 1, 1, "an empty file", "'guests'")]
    [InlineData("guests", 1, 1, "'guests'", "a mapping")]
    [InlineData("guests: {}", 1, 9, "no guests", "at least one")]
    [InlineData("guests:\n  - a", 2, 3, "a list", "a mapping of each guest's name")]
    [InlineData("guests:\n  a: {kernel: k}\nhosts: 3", 3, 1, "'hosts'", "'guests' or 'devices'")]
    [InlineData("guests:\n  a: {kernel: k, kernel: l}", 2, 18, "'kernel' again", "it stands on line 2")]
    [InlineData("guests:\n  a: {memory: 1G}", 2, 6, "without 'kernel'", "'debian'")]
    [InlineData("guests:\n  a b: {kernel: k}", 2, 3, "'a b'", "a name")]
    [InlineData("guests:\n  a:\n    kernel: k\n    memory: lots", 4, 13, "'lots'", "a size from 32M to 1T")]
    [InlineData("guests:\n  a:\n    kernel: k\n    memory: 1M", 4, 13, "'1M'", "a size from 32M to 1T")]
    [InlineData("guests:\n  a: {kernel: k, cpus: 1000}", 2, 24, "'1000'", "1")]
    [InlineData("guests:\n  a: {kernel: k, rng: maybe}", 2, 23, "'maybe'", "true or false")]
    [InlineData("guests:\n  a: {kernel: k, engine: xen}", 2, 26, "'xen'", "'software'")]
    [InlineData("guests:\n  a: {kernel: k, console: tty}", 2, 27, "'tty'", "'socket:PATH'")]
    [InlineData("guests:\n  a: {kernel: k, console: stdio}\n  b: {kernel: k, console: stdio}", 3, 27, "guest 'a'", "another place")]
    [InlineData("guests:\n  a: {kernel: k, networks: [{id: x}]}", 2, 29, "without 'backend'", "tap:INTERFACE")]
    [InlineData("guests:\n  a: {kernel: k, networks: [{backend: none, road: emulated}]}", 2, 29, "can't be", "road=paravirtual")]
    [InlineData("guests:\n  a: {kernel: k, networks: [{backend: none, tcp: '22'}]}", 2, 29, "can't be", "backend=passt")]
    [InlineData("guests:\n  a: {kernel: k, networks: [{backend: 'switch:s', vlan: 1, trunk: [2]}]}", 2, 67, "beside 'vlan'", "one of them")]
    [InlineData("guests:\n  a: {kernel: k, disks: [{road: emulated}]}", 2, 26, "without 'path'", "the size")]
    [InlineData("guests:\n  a: {kernel: k, disks: [{path: p, road: usb}]}", 2, 42, "'usb'", "'emulated' or 'paravirtual'")]
    [InlineData("guests:\n  a: {kernel: k, disks: [{path: p}, {path: q, id: disk0}]}", 2, 51, "'disk0' again", "differ")]
    [InlineData("guests:\n  a: {kernel: k, disks: [{path: p}]}\n  b: {kernel: k, disks: [{path: ./p}]}", 3, 33, "guest 'a' has already", "readonly")]
    [InlineData("guests:\n  a: {kernel: k, script: poweroff}", 2, 26, "a kernel of your own", "'kernel: debian'")]
    [InlineData("guests:\n  a: {kernel: debian, initrd: i, script: poweroff}", 2, 42, "beside 'initrd'", "one of them")]
    [InlineData("guests:\n  a: {kernel: k, assign: [ctl]}", 2, 27, "'ctl'", "vfio-user:SOCKET or vfio:FUNCTION")]
    [InlineData("guests:\n  a: {kernel: k, assign: ['vfio:no-such-interface']}", 2, 27, "'vfio:no-such-interface'", "a function that this host has")]
    [InlineData("guests: {a: {kernel: k}}\ndevices:\n  d: {type: nvme, vfs: 2, disks: [{path: p, vf: 3}]}", 3, 49, "'3'", "from 0 to 2")]
    [InlineData("guests: {a: {kernel: k}}\ndevices:\n  d: {type: nvme, disks: [{path: p, vf: 1}]}", 3, 41, "'vf' in a device that isn't shared", "'vfs'")]
    [InlineData("guests: {a: {kernel: k}}\ndevices:\n  d: {type: nvme, vfs: 2, disks: [{path: p, vf: 1, shared: true}]}", 3, 60, "beside 'vf'", "one of them")]
    [InlineData("guests: {a: {kernel: k}}\ndevices:\n  d: {type: nvme, vfs: 2, disks: [{path: p}], limits: {vf3: {}}}", 3, 56, "'vf3'", "'vf1' to 'vf2'")]
    [InlineData("guests: {a: {kernel: k}}\ndevices:\n  d: {type: nvme, disks: [{path: p}], limits: {vf3: {}}}", 3, 47, "isn't shared", "'vfs'")]
    [InlineData("guests:\n  a: {kernel: !!binary k}", 2, 15, "the tag", "no tag")]
    [InlineData("guests:\n  a: *b", 2, 6, "'*b'", "an anchor")]
    [InlineData("guests: {a: {kernel: k}}\n---\nguests: {}", 2, 1, "a second document", "the end")]
    [InlineData("guests:\n  a: {kernel: k\nb: 1", 3, 1, "no YAML", "YAML")]
    [InlineData("guests:\n\ta: 1", 2, 1, "no YAML", "YAML")]
    public void Read_WithAMistake_SaysWhereAndWhatWasExpected(string text, int line, int column, string found, string expected)
    {
        string problem = Assert.Single(LabFiles.Problems(text));
        Assert.StartsWith($"{LabFiles.Name}:{line}:{column}: found ", problem, StringComparison.Ordinal);
        string[] halves = problem.Split(", expected ", 2);
        Assert.Contains(found, halves[0], StringComparison.Ordinal);
        Assert.Contains(expected, halves[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("own", "guest 'a' has already", "'vfs: 2'")]
    [InlineData("ctl", "guest 'a' has already", "'ctl/vf1'")]
    [InlineData("ctl/vf2", "guest 'a' has already", "another virtual function of 'ctl'")]
    [InlineData("vfio-user:s", "guest 'a' has already", "another socket")]
    [InlineData("vfio:0000:01:10.0", "guest 'a' has already", "SR-IOV")]
    public void Read_OneFunctionForTwoGuests_SaysWhoHasItAndWhatToDo(string function, string holder, string remedy)
    {
        string problem = Assert.Single(LabFiles.Problems($"{Devices}guests:\n  a: {{kernel: k, assign: ['{function}']}}\n  b: {{kernel: k, assign: ['{function}']}}"));
        Assert.StartsWith($"{LabFiles.Name}:4:27: ", problem, StringComparison.Ordinal);
        Assert.Contains(holder, problem, StringComparison.Ordinal);
        Assert.Contains(remedy, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ctl/vf3", "'ctl/vf1' to 'ctl/vf2'")]
    [InlineData("ctl/vf0", "'ctl/vf1' to 'ctl/vf2'")]
    [InlineData("ctl/pf", "'ctl/vf1' to 'ctl/vf2'")]
    [InlineData("own/vf1", "'vfs: N'")]
    [InlineData("other", "'ctl' or 'own'")]
    public void Read_AFunctionThatIsNot_SaysWhichThereAre(string function, string expected)
    {
        string problem = Assert.Single(LabFiles.Problems($"{Devices}guests:\n  a: {{kernel: k, assign: [{function}]}}"));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_DifferentFunctionsOfADevice_AreForDifferentGuests() =>
        Assert.Empty(LabFiles.Problems($"{Devices}guests:\n  a: {{kernel: k, assign: [ctl]}}\n  b: {{kernel: k, assign: [ctl/vf1, own]}}\n  c: {{kernel: k, assign: [ctl/vf2]}}"));

    [Fact]
    public void Read_SeveralMistakes_TellsAllInTheirOrder()
    {
        IReadOnlyList<string> problems = LabFiles.Problems("guests:\n  a: {kernel: k, rng: 1}\n  b: {memory: 3}\n");
        Assert.Equal(["2:23", "3:6", "3:15"], problems.Select(problem => string.Join(':', problem.Split(':')[1..3])));
    }

    [Fact]
    public void Read_CountlessMistakes_TellsTheFirst()
    {
        string guests = string.Concat(Enumerable.Range(0, 60).Select(index => $"  g{index}: {{}}\n"));
        IReadOnlyList<string> problems = LabFiles.Problems("guests:\n" + guests);
        Assert.Equal(YamlProblems.Most + 1, problems.Count);
        Assert.Equal($"{LabFiles.Name}: and {60 - YamlProblems.Most} more", problems[^1]);
    }

    [Fact]
    public void Read_AliasesOfAliases_StopsAtABound()
    {
        List<string> lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
        lines.AddRange(Enumerable.Range(1, 12).Select(index => $"a{index}: &a{index} [{string.Join(", ", Enumerable.Repeat($"*a{index - 1}", 10))}]"));
        Assert.Contains(LabFiles.Problems(string.Join('\n', lines)), problem => problem.Contains($"more than {YamlReader.MaxNodes} parts", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Read_DeepNesting_StopsAtABound(string opening)
    {
        string text = string.Concat(Enumerable.Repeat(opening, 100_000));
        Assert.NotEmpty(LabFiles.Problems(text));
    }

    [Fact]
    public void ReadFile_LongerThanItMayBe_IsRefused()
    {
        LabFileException error = Assert.Throws<LabFileException>(() => LabReader.ReadFile("/dev/zero"));
        Assert.Contains("longer than", Assert.Single(error.Problems), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nonexistent/lab.yaml")]
    [InlineData("/proc")]
    [InlineData("a\0b")]
    public void ReadFile_ThatCannotBeRead_NamesIt(string path) =>
        Assert.StartsWith(path, Assert.Single(Assert.Throws<LabFileException>(() => LabReader.ReadFile(path)).Problems), StringComparison.Ordinal);

    [Fact]
    public void ReadFile_NotText_IsRefused()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, [(byte)'a', 0xFF, 0xFE]);
            Assert.Contains("UTF-8", Assert.Single(Assert.Throws<LabFileException>(() => LabReader.ReadFile(path)).Problems), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Read_RandomText_IsALabOrAMessageWithAPlace() =>
        Prop.ForAll<string>(text => Judge(text ?? "")).QuickCheckThrowOnFailure();

    [Fact]
    public void Read_RandomYamlSigns_IsALabOrAMessageWithAPlace()
    {
        Gen<string> signs = Gen.Elements(
            "guests", "devices", "a", "kernel", "debian", "disks", ":", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&x ", "*x", "!t ", "|\n", ">\n",
            "'", "\"", "#", "---\n", "...\n", "%YAML 1.2\n", "? ", "\t", "\\", "\0", "\u2028", "\ud800", "64M", "~", "<<", "@", "`");
        Gen<string> texts = signs.ListOf(40).Select(string.Concat);
        Prop.ForAll(texts.ToArbitrary(), Judge).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Read_ExamplesWithRandomDamage_IsALabOrAMessageWithAPlace()
    {
        string[] examples = [.. LabFiles.Examples.Select(File.ReadAllText)];
        Gen<string> damaged =
            from text in Gen.Elements(examples)
            from start in Gen.Choose(0, text.Length - 1)
            from length in Gen.Choose(0, 20)
            from instead in Gen.Elements("", "\n", ":", "  ", "[", "}", "*work", "\0", "é", text[..40])
            select text[..start] + instead + text[Math.Min(text.Length, start + length)..];
        Prop.ForAll(damaged.ToArbitrary(), Judge).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    private static void Judge(string text)
    {
        foreach (string problem in LabFiles.Problems(text))
        {
            Assert.Matches("^lab.yaml(:[1-9][0-9]*:[1-9][0-9]*: found .*, expected .*|: and [0-9]+ more)$", problem);
            Assert.DoesNotContain(problem, char.IsControl);
        }
    }
}
