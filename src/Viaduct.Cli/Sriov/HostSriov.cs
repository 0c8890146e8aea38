using System.Text.Json;
using Viaduct.Assigned.Registry;
using Viaduct.Cli.Commands;
using Viaduct.Cli.Serve;
using Viaduct.Platform.Host;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Host;

namespace Viaduct.Cli.Sriov;

/// <summary>Carries out <c>viaduct sriov</c> on the host's own functions.</summary>
internal static class HostSriov
{
    /// <summary>Lists everything there is on this host.</summary>
    internal static int ListAll(bool json) => Told(json, () =>
    {
        IReadOnlyList<PhysicalFunctionState> physical = HostFunctions.This.All;
        ServedFolderReport[] served = [.. DeviceRegistry.Default.Entries.Where(entry => entry.IsHeld && Path.IsPathRooted(entry.Device)).Select(Look)];
        if (json)
        {
            Write(new SriovReport { PhysicalFunctions = [.. physical.Select(PhysicalFunctionReport.Of)], Served = served });
            return;
        }

        System.Console.Out.WriteLine(physical.Count == 0
            ? "No device of this host has SR-IOV; 'viaduct doctor' says what is missing."
            : "Devices of this host with SR-IOV:");
        foreach (PhysicalFunctionState each in physical)
        {
            HostTable.Write(each, System.Console.Out, System.Console.IsOutputRedirected);
        }

        System.Console.Out.WriteLine(served.Length == 0
            ? "No controller is served on this host; one is by: viaduct serve nvme --disk path=F --vfs N --vfio-user DIR"
            : "Controllers that are served on this host:");
        foreach (ServedFolderReport each in served)
        {
            System.Console.Out.WriteLine($"{each.Folder}, by {each.Server.Name} (pid {each.Server.Process}):");
            if (each.Controller is { } reply)
            {
                FunctionTable.Write(reply, System.Console.Out, System.Console.IsOutputRedirected);
            }
        }
    });

    /// <summary>Lists a physical function.</summary>
    internal static int List(string target, bool json) => Told(json, () => Show(target, json));

    /// <summary>Makes a change, and writes how things stand then where a program asks.</summary>
    internal static int Change(string target, bool json, Action<HostChanges> change) => Told(json, () =>
    {
        change(new HostChanges(HostFunctions.This));
        if (json)
        {
            Show(target, json);
        }
    });

    /// <summary>Sets a function as the command line says, and warns of what the driver took without effect.</summary>
    internal static void Set(HostChanges changes, string target, int? number, VfChange change, bool? probes)
    {
        if (number is not { } function)
        {
            changes.SetProbes(target, probes ?? true);
            return;
        }

        foreach (string missing in changes.Set(target, function, change))
        {
            System.Console.Error.WriteLine($"viaduct: vf{function}: {missing}");
        }
    }

    private static int ExitCode(ControlErrorKind kind) => kind switch
    {
        ControlErrorKind.Held => ExitCodes.DeviceHeld,
        ControlErrorKind.Missing => ExitCodes.BadUsage,
        _ => ExitCodes.Failure,
    };

    private static void Show(string target, bool json)
    {
        PhysicalFunctionState physical = HostFunctions.This.Find(target);
        if (json)
        {
            Write(new SriovReport { PhysicalFunctions = [PhysicalFunctionReport.Of(physical)] });
        }
        else
        {
            HostTable.Write(physical, System.Console.Out, System.Console.IsOutputRedirected);
        }
    }

    private static ServedFolderReport Look(RegistryEntry entry)
    {
        HolderReport server = HolderReport.Of(entry.Holder)!;
        try
        {
            return new ServedFolderReport(entry.Device, server, ControlClient.Ask(entry.Device, new ControlRequest { Command = "list" }));
        }
        catch (ServedFolderException)
        {
            return new ServedFolderReport(entry.Device, server, null);
        }
    }

    private static int Told(bool json, Action action)
    {
        try
        {
            action();
            return ExitCodes.Success;
        }
        catch (Exception error) when (error is HostFunctionException or HostException)
        {
            ControlErrorKind kind = error is HostFunctionException refusal ? refusal.Kind : ControlErrorKind.Failed;
            if (json)
            {
                Write(new SriovReport { PhysicalFunctions = [], Error = new ControlError(kind, error.Message) });
            }

            System.Console.Error.WriteLine($"viaduct: {error.Message}");
            return ExitCode(kind);
        }
    }

    private static void Write(SriovReport report) => System.Console.Out.WriteLine(JsonSerializer.Serialize(report, JsonReports.Default.SriovReport));
}
