using System.Globalization;
using Spectre.Console;
using Viaduct.Cli.Console;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Serve;

/// <summary>A served controller's functions for people.</summary>
internal static class FunctionTable
{
    internal static void Write(ControlReply reply, TextWriter writer, bool plain)
    {
        IAnsiConsole console = TableConsole.Create(writer, plain);
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumns("function", "holder", "since (UTC)", "state", "namespaces", "limit");
        table.AddColumn(new TableColumn("requests").RightAligned());
        table.AddColumn("socket");
        foreach (FunctionState function in reply.Functions)
        {
            table.AddRow(
                Markup.Escape(function.Name),
                function.Holder is { } holder ? Markup.Escape(TableConsole.Printable($"{holder.Name} (pid {holder.Process})")) : "[grey]free[/]",
                function.Holder?.Since.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture) ?? "",
                function.Online ? "on line" : "[yellow]off line[/]",
                string.Join(", ", function.Namespaces),
                Limit(function),
                function.Requests.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(TableConsole.Printable(function.Socket)));
        }

        console.Write(table);
        int present = reply.Functions.Count(function => function.Controller != 0);
        writer.WriteLine($"{TableConsole.Printable(reply.Device)}: {present} of at most {reply.VirtualFunctions} virtual functions.");
    }

    private static string Limit(FunctionState function)
    {
        List<string> parts = [];
        if (function.Iops is { } operations)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{operations}/s"));
        }

        if (function.Bandwidth is { } bytes)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.##} MB/s"));
        }

        return parts.Count == 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", parts)}, burst {function.Burst} ms");
    }
}
