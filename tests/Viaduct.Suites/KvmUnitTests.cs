using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Viaduct.Emulated.Serial;
using Viaduct.Engines.Software;
using Viaduct.Machine;
using Viaduct.Machine.Specification;
using Viaduct.Platform.Accounting;

namespace Viaduct.Suites;

/// <summary>
/// Programs of kvm-unit-tests, each on a machine of its own. The suite isn't part of this project: the environment
/// variable VIADUCT_KVM_UNIT_TESTS names a tree of it that was built for x86-64, and VIADUCT_KVM_UNIT_TESTS_ONLY, if set,
/// the programs to run, with commas between them.
/// </summary>
public sealed partial class KvmUnitTests
{
    private const string Variable = "VIADUCT_KVM_UNIT_TESTS";
    private const string Absent = "none";

    // The suite's own longest limit is 180 seconds, on a machine that has nothing else to do.
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(270);

    private static string? Tree => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } tree ? tree : null;

    public static TheoryData<string> Programs() =>
        Tree is null ? [Absent] : [.. UnitPrograms.All.Select(program => program.Name).Where(IsWanted)];

    [Theory]
    [MemberData(nameof(Programs))]
    public async Task Program_ReportsNoFailure(string name)
    {
        Assert.SkipWhen(name == Absent, $"{Variable} names no tree of kvm-unit-tests");
        UnitProgram program = UnitPrograms.All.Single(each => each.Name == name);
        string file = Path.Combine(Tree!, "x86", $"{program.File}.flat");
        Assert.True(File.Exists(file), $"{file} is not there: build the suite with ./configure --arch=x86_64 && make");
        using Terminal terminal = new();
        MachineExit exit = await Run(program, file, terminal);
        string text = terminal.Text;
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        string[] lines = text.Split('\n');
        Assert.True(exit.Reason == MachineExitReason.ExitPort, $"{name} ended by {exit.Reason}: {exit.Description}\n{text}");
        Assert.DoesNotContain(lines, line => line.StartsWith("FAIL", StringComparison.Ordinal));
        Assert.True(lines.Count(line => PassedLine().IsMatch(line)) >= program.Checks, $"{name} made fewer than {program.Checks} checks\n{text}");
        if (program.StopsAt is { } end)
        {
            Assert.Contains(lines, line => line.StartsWith(end, StringComparison.Ordinal));
        }
        else
        {
            Assert.True(exit.Value == 0, $"{name} ended with {exit.Value}\n{text}");
        }
    }

    private static bool IsWanted(string name) =>
        Environment.GetEnvironmentVariable($"{Variable}_ONLY") is not { Length: > 0 } only || only.Split(',').Contains(name, StringComparer.Ordinal);

    private static async Task<MachineExit> Run(UnitProgram program, string file, Terminal terminal)
    {
        string environment = Path.GetTempFileName();
        try
        {
            // What the programs would ask QEMU's firmware configuration for, they take from here, too.
            await File.WriteAllTextAsync(
                environment,
                string.Create(CultureInfo.InvariantCulture, $"NR_CPUS={program.Cpus}\nMEMSIZE={UnitProgram.Memory >> 20}\nTEST_DEVICE=1\nBOOTLOADER=1\nHOST=x86_64\n"));
            MachineSpec spec = new()
            {
                Kernel = file,
                Initrd = environment,
                CommandLine = program.Arguments,
                Cpus = program.Cpus,
                Memory = UnitProgram.Memory,
                TestBoard = true,
                Software = new SoftwareEngineOptions { Features = ProcessorFeatures.All },
                KernelCacheFolder = null,
            };
            using VirtualMachine machine = new(spec, terminal, new EventLog(TextWriter.Null));
            machine.Start();
            try
            {
                return await machine.Exited.WaitAsync(_limit, TestContext.Current.CancellationToken);
            }
            catch (TimeoutException)
            {
                return new MachineExit(MachineExitReason.Stopped, $"no end after {_limit.TotalSeconds:0} s");
            }
        }
        finally
        {
            File.Delete(environment);
        }
    }

    [GeneratedRegex("^PASS: ")]
    private static partial Regex PassedLine();

    /// <summary>Keeps what a program writes.</summary>
    private sealed class Terminal : ISerialSink, IDisposable
    {
        private readonly MemoryStream _bytes = new();
        private readonly Lock _gate = new();

        internal string Text
        {
            get
            {
                lock (_gate)
                {
                    return Encoding.UTF8.GetString(_bytes.ToArray()).ReplaceLineEndings("\n");
                }
            }
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            lock (_gate)
            {
                _bytes.Write(bytes);
            }
        }

        public void Dispose() => _bytes.Dispose();
    }
}
