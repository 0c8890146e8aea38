using System.CommandLine;
using System.Text.Json;
using Viaduct.Cli.Doctor;
using Viaduct.Cli.Doctor.Host;

namespace Viaduct.Cli.Commands;

/// <summary><c>viaduct doctor</c>: what this host can do for each engine and road, and what would help.</summary>
internal static class DoctorCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Write the findings as one JSON object on standard output." };
        Command command = new("doctor", """
            Says what this host can do for each engine and each road, what is missing, and the remedy: KVM, an IOMMU (VT-d,
            AMD-Vi) with interrupt remapping, VFIO, SR-IOV, limits and rights, io_uring. It changes nothing.

            Exit status: 0, whatever it finds.
            """) { json };
        command.SetAction(parsed =>
        {
            DoctorReport report = DoctorReport.Examine();
            if (parsed.GetValue(json))
            {
                System.Console.Out.WriteLine(JsonSerializer.Serialize(report, JsonReports.Default.DoctorReport));
            }
            else
            {
                Write(report, System.Console.Out);
            }

            return ExitCodes.Success;
        });
        return command;
    }

    private static void Write(DoctorReport report, TextWriter output)
    {
        output.WriteLine("Engines");
        foreach (EngineState engine in report.Engines)
        {
            Write(output, engine.Name, engine.Usable, engine.Reason, engine.Remedy);
        }

        output.WriteLine("Roads");
        foreach (RoadState road in report.Roads)
        {
            Write(output, road.Road, road.Usable, road.Reason, road.Remedy);
        }

        output.WriteLine("Host");
        foreach (HostFinding finding in report.Host)
        {
            Write(output, finding.Name, finding.Usable, finding.Reason, finding.Remedy);
        }

        Write(output, "io_uring", report.IoUring.Usable, report.IoUring.Reason, report.IoUring.Remedy);
        output.WriteLine($"'--engine auto' takes {report.Auto}.");
    }

    private static void Write(TextWriter output, string name, bool usable, string reason, string remedy)
    {
        output.WriteLine($"  {name,-20} {(usable ? "yes" : "no"),-4} {reason}");
        if (remedy.Length > 0)
        {
            output.WriteLine($"  {"",-20} {"",-4} remedy: {remedy}");
        }
    }
}
