using System.Buffers.Binary;
using Viaduct.Cli.Bench;
using Viaduct.Cli.Bench.Workloads;
using Viaduct.Machine.GuestParts;

namespace Viaduct.Cli.Tests.Bench.Workloads;

/// <summary>The engine's workloads, with a shell's script in place of a monitor and its guest.</summary>
public sealed class WorkloadTests
{
    private const string Answers = """
        echo '@viaduct ready'
        while read -r name && [ "$name" != end ]; do echo '@viaduct begin'; echo "@viaduct end STATUS"; done
        """;

    [Fact]
    public async Task A_workload_is_timed_between_its_marks()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        WorkloadSubject subject = Subject("own", Answers.Replace("STATUS", "0"));
        await subject.StartAsync(cancellation);
        WorkloadSample sample = await subject.RunAsync(Workload.All[0], cancellation);
        await subject.Running!.EndAsync(cancellation);
        subject.Running.Dispose();

        Assert.True(sample.Seconds >= 0);
        Assert.True(subject.Starts[0].Seconds > 0);
        Assert.Equal(sample, Assert.Single(subject.Samples(Workload.All[0])));
    }

    [Fact]
    public async Task A_workload_that_fails_in_the_guest_fails_the_bench()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using WorkloadProcess process = Start("own", Answers.Replace("STATUS", "1"));
        await process.BeReadyAsync(cancellation);
        BenchFailedException error = await Assert.ThrowsAsync<BenchFailedException>(() => process.RunAsync(Workload.All[0], cancellation));
        Assert.Contains("status 1", error.Message);
    }

    [Fact]
    public async Task A_guest_that_ends_early_fails_the_bench()
    {
        using WorkloadProcess process = Start("own", "echo 'Kernel panic'");
        BenchFailedException error = await Assert.ThrowsAsync<BenchFailedException>(() => process.BeReadyAsync(TestContext.Current.CancellationToken));
        Assert.Contains("Kernel panic", error.GuestConsole);
    }

    [Fact]
    public async Task The_report_has_times_processor_times_and_the_host_beside_a_peer()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        WorkloadSubject[] subjects = [Subject("own", Answers.Replace("STATUS", "0")), Subject("peer", Answers.Replace("STATUS", "0")), Subject("native", Answers.Replace("STATUS", "0"))];
        Workload[] workloads = [Workload.All[0], Workload.All[1]];
        foreach (WorkloadSubject subject in subjects)
        {
            await subject.StartAsync(cancellation);
            foreach (Workload workload in workloads)
            {
                await subject.RunAsync(workload, cancellation);
            }

            subject.Running!.Dispose();
        }

        BenchReport report = new WorkloadReport("software", workloads, subjects[0], subjects[1], subjects[2]).ToBenchReport();
        Assert.Equal(
            [
                "command to init", workloads[0].Title, workloads[1].Title, "geometric mean of all but the boot",
                "command to init: CPU", workloads[0].Title + ": CPU", workloads[1].Title + ": CPU", "geometric mean of all but the boot: CPU",
                workloads[0].Title + ": native", workloads[1].Title + ": native",
            ],
            report.Results.Select(result => result.Name));
        Assert.Equal("peer", report.Results[0].Peer);
    }

    [Fact]
    public void The_script_knows_every_workload()
    {
        string script = WorkloadScript.ForGuest();
        Assert.All(Workload.All, workload => Assert.Contains($"\n{workload.Name})\n", script));
        Assert.All(Workload.All, workload => Assert.Contains($"say begin\n{workload.Command}\nsay end $?\n", script));
    }

    [Fact]
    public void The_tiny_programs_are_executables_that_begin_where_their_code_is()
    {
        IReadOnlyList<RamDiskFile> files = TinyProgram.Files();
        Assert.Equal(3, files.Count);
        Assert.All(files, file =>
        {
            ReadOnlySpan<byte> bytes = file.Contents.Span;
            Assert.True(bytes.StartsWith("\u007fELF"u8));
            ulong entry = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
            ulong segment = BinaryPrimitives.ReadUInt64LittleEndian(bytes[80..]);
            Assert.InRange(entry - segment, 120UL, (ulong)bytes.Length - 1);
            Assert.Equal((ulong)bytes.Length, BinaryPrimitives.ReadUInt64LittleEndian(bytes[96..]));
        });
    }

    private static WorkloadSubject Subject(string title, string script) => new(title, () => Start(title, script));

    private static WorkloadProcess Start(string name, string script) => new(name, "/bin/sh", ["-c", script], null);
}
