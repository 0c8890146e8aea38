using System.Globalization;
using Spectre.Console;
using Viaduct.Cli.Console;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Sriov;

/// <summary>The host's physical functions and their virtual ones for people.</summary>
internal static class HostTable
{
    internal static void Write(PhysicalFunctionState physical, TextWriter writer, bool plain)
    {
        string network = physical.Interface is { } name ? $", interface {name}" : "";
        string use = physical.Use is { } holder ? $", used by {holder.Text}" : "";
        writer.WriteLine(
            $"{physical.Address} ({physical.Identity}, {(physical.Driver is { } driver ? $"driver {driver}" : "no driver")}{network}{use}): "
            + $"{physical.Functions.Count} of at most {physical.Total} virtual functions"
            + $"{(physical.Probes ? "" : "; the host's drivers leave new ones alone (autoprobe=off)")}.");
        if (physical.Functions.Count > 0)
        {
            IAnsiConsole console = TableConsole.Create(writer, plain);
            console.Write(Functions(physical));
        }
    }

    // Settings share a column, so that a terminal of 80 has room for the table.
    private static Table Functions(PhysicalFunctionState physical)
    {
        bool isNetwork = physical.Functions.Any(function => function.Settings is not null);
        Table table = new() { Border = TableBorder.Rounded };
        table.AddColumn("function");
        table.AddColumn(new TableColumn("address").NoWrap());
        table.AddColumns("used by", "driver", "group");
        if (isNetwork)
        {
            table.AddColumn("settings");
        }

        foreach (VirtualFunctionState function in physical.Functions)
        {
            List<string> cells =
            [
                function.Name,
                function.Address.ToString(),
                function.Use is { } use ? Markup.Escape(TableConsole.Printable(use.Text)) : "[grey]free[/]",
                Markup.Escape((function.Driver ?? "none") + (function.Interface is { } network ? $" ({network})" : "")),
                function.Group?.ToString(CultureInfo.InvariantCulture) ?? "none",
            ];
            if (isNetwork)
            {
                cells.Add(function.Settings is { } settings ? Settings(settings) : "");
            }

            table.AddRow([.. cells]);
        }

        return table;
    }

    private static string Settings(VfSettings settings) => string.Join(", ", (string[])
    [
        VfChange.Text(settings.Mac),
        Vlan(settings.Vlan),
        $"spoof check {OnOff(settings.SpoofCheck)}",
        $"trust {OnOff(settings.Trust)}",
        settings.Rate.ToString(),
        $"link {settings.LinkState.ToString().ToLowerInvariant()}",
    ]);

    private static string Vlan(VfVlanTag tag) => tag is { Vlan: 0, Priority: 0 } ? "no VLAN"
        : string.Create(CultureInfo.InvariantCulture, $"VLAN {tag.Vlan}{(tag.Priority == 0 ? "" : $" qos {tag.Priority}")}{(tag.IsServiceTag ? " 802.1ad" : "")}");

    private static string OnOff(bool? on) => on switch
    {
        true => "on",
        false => "off",
        null => "unknown",
    };
}
