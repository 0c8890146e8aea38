using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Viaduct.Engines.Kvm;
using Viaduct.Engines.Kvm.Oracle;
using Viaduct.Engines.Software;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Platform.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct bench instructions</c>: the software engine's instructions against the real processor's.</summary>
internal static class BenchInstructionsCommand
{
    private static readonly TimeSpan _betweenProgress = TimeSpan.FromSeconds(2);

    internal static Command Create()
    {
        Option<long> cases = new("--cases") { Description = "How many random cases.", HelpName = "N", DefaultValueFactory = _ => 100_000 };
        Option<ulong> seed = new("--seed") { Description = "What the random choices begin with; the same seed gives the same cases.", HelpName = "S", DefaultValueFactory = _ => 1 };
        Option<ulong> first = new("--first") { Description = "The first case's number: to run one again alone.", HelpName = "I", DefaultValueFactory = _ => 0 };
        Option<string?> filter = new("--filter") { Description = "Only this instruction, e.g. ADC.", HelpName = "MNEMONIC" };
        Option<bool> json = new("--json") { Description = "Results as JSON on standard output." };
        Option<string> tier = TierOption.Create();
        Command command = new("instructions", """
            Checks the software engine against the real processor: random instructions and operands run as user code
            under KVM and on the engine; registers, flags, SSE and FPU state, memory and exceptions are compared.
            Needs /dev/kvm, of any kind. Exit status: 0 all the same, 1 something differs.

            Examples:
              viaduct bench instructions --cases 1000000
              viaduct bench instructions --filter SHLD --cases 50000 --seed 7
            """)
        {
            cases, seed, first, filter, tier, json,
        };
        command.SetAction((parsed, cancellation) => Task.FromResult(Run(
            parsed.GetValue(cases), parsed.GetValue(seed), parsed.GetValue(first), parsed.GetValue(filter), TierOption.Read(parsed, tier), parsed.GetValue(json), cancellation)));
        return command;
    }

    private static int Run(long cases, ulong seed, ulong first, string? filter, bool translates, bool json, CancellationToken cancellation)
    {
        try
        {
            using KvmImageRunner processor = new();
            SoftwareEngineOptions options = new() { Translates = translates, TranslateAfter = 0 };
            using EngineImageRunner engine = new((memory, ports) => new SoftwareEngine(memory, ports, 1, options));
            InstructionOracle oracle = new(processor, engine, SupportedInstructions.Contains, seed, filter);
            long begin = Stopwatch.GetTimestamp();
            OracleReport report = oracle.Run(first, cases, Progress(cases), cancellation);
            double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            if (json)
            {
                WriteJson(report, seed, seconds);
            }
            else
            {
                WriteText(report, seconds);
            }

            return report.Mismatched == 0 && report.Failure is null ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (ArgumentException error) when (filter is not null)
        {
            System.Console.Error.WriteLine($"viaduct: --filter '{filter}': {error.Message}");
            return ExitCodes.BadUsage;
        }
        catch (HostException error)
        {
            System.Console.Error.WriteLine($"viaduct: the real processor can't be asked: {error.Message}; {KvmProbe.Run().Remedy}");
            return ExitCodes.Failure;
        }
    }

    private static Action<long, long> Progress(long cases)
    {
        long begin = Stopwatch.GetTimestamp();
        long last = begin;
        return (done, mismatched) =>
        {
            if (Stopwatch.GetElapsedTime(last) >= _betweenProgress)
            {
                last = Stopwatch.GetTimestamp();
                double rate = done / Stopwatch.GetElapsedTime(begin).TotalSeconds;
                System.Console.Error.WriteLine($"{done:N0} of {cases:N0} cases, {mismatched:N0} differ, {rate:N0} cases/s");
            }
        };
    }

    private static void WriteText(OracleReport report, double seconds)
    {
        foreach (Mismatch mismatch in report.Mismatches.OrderBy(m => m.Mnemonic, StringComparer.Ordinal))
        {
            System.Console.WriteLine($"{mismatch.Mnemonic} (case {mismatch.Index})\n{mismatch.Text}\n");
        }

        foreach ((string mnemonic, MnemonicTally tally) in report.ByMnemonic.Where(t => t.Value.Mismatched != 0).OrderByDescending(t => t.Value.Mismatched))
        {
            System.Console.WriteLine($"{mnemonic,-12} {tally.Mismatched,8:N0} of {tally.Cases:N0} cases differ");
        }

        System.Console.WriteLine(
            $"{report.Cases:N0} cases of {report.ByMnemonic.Count} instructions ({report.Forms} forms), {report.Exceptions:N0} with an exception, "
            + $"{report.Cases / seconds:N0} cases/s: {(report.Mismatched == 0 ? "no difference" : $"{report.Mismatched:N0} differ")}");
        if (report.Failure is not null)
        {
            System.Console.WriteLine($"ended early: {report.Failure}");
        }
    }

    private static void WriteJson(OracleReport report, ulong seed, double seconds)
    {
        using Stream output = System.Console.OpenStandardOutput();
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("bench", "instructions");
        json.WriteString("engine", "software");
        json.WriteStartObject("machine");
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("system", System.Runtime.InteropServices.RuntimeInformation.OSDescription);
        json.WriteEndObject();
        json.WriteNumber("seed", seed);
        json.WriteStartArray("results");
        WriteResult(json, "cases", "cases", report.Cases);
        WriteResult(json, "forms", "instruction forms", report.Forms);
        WriteResult(json, "exceptions", "cases", report.Exceptions);
        WriteResult(json, "mismatches", "cases", report.Mismatched);
        WriteResult(json, "rate", "cases/s", Math.Round(report.Cases / seconds));
        json.WriteEndArray();
        json.WriteStartArray("mismatches");
        foreach (Mismatch mismatch in report.Mismatches)
        {
            json.WriteStartObject();
            json.WriteString("mnemonic", mismatch.Mnemonic);
            json.WriteNumber("case", mismatch.Index);
            json.WriteString("text", mismatch.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (report.Failure is not null)
        {
            json.WriteString("failure", report.Failure);
        }

        json.WriteEndObject();
        json.Flush();
        output.Write("\n"u8);
    }

    private static void WriteResult(Utf8JsonWriter json, string name, string unit, double value)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("unit", unit);
        json.WriteNumber("value", value);
        json.WriteEndObject();
    }
}
