using System.Globalization;
using Spectre.Console;
using Viaduct.Machine;

namespace Viaduct.Cli.Lab;

/// <summary>A lab's report for people: a line a guest and device.</summary>
internal static class LabTable
{
    // Wide enough for the table where the output is no terminal, which has a width of its own.
    private const int PlainWidth = 120;

    internal static void Write(LabReport report, TextWriter writer, bool plain)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (plain)
        {
            console.Profile.Width = PlainWidth;
        }

        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("guest", "device", "road");
        foreach (string heading in (ReadOnlySpan<string>)["requests", "exits/\nrequest", "inter-\nrupts/\nrequest", "DMA\nMB", "monitor\nCPU"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        table.AddColumn("end");
        foreach (LabGuestReport guest in report.Guests)
        {
            string end = guest switch
            {
                { Failure: null } => "[green]powered off[/]",
                { Ended: nameof(MachineExitReason.Stopped) } => "stopped",
                _ => "[red]failed[/]",
            };
            if (guest.Devices.Count == 0)
            {
                table.AddRow(Markup.Escape(guest.Guest), "-", "-", "-", "-", "-", "-", "-", end);
            }

            foreach (LabDeviceReport device in guest.Devices)
            {
                table.AddRow(
                    Markup.Escape(guest.Guest),
                    Markup.Escape($"{device.Device} ({device.Kind})"),
                    device.Road,
                    device.Requests.ToString(CultureInfo.InvariantCulture),
                    Rate(device.Exits, device.Requests),
                    Rate(device.Interrupts, device.Requests),
                    Number((device.DmaReadBytes + device.DmaWrittenBytes) / 1e6, "F1"),
                    Number(device.MonitorCpuSeconds * 1e3, "F0") + " ms",
                    end);
            }
        }

        console.Write(table);
        writer.WriteLine("Counts are of each guest's whole run, boot included.");
    }

    private static string Rate(long count, long requests) => requests == 0 ? "-" : Number((double)count / requests, "F2");

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
