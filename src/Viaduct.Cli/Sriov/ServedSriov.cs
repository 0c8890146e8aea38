using System.Text.Json;
using Viaduct.Cli.Serve;
using Viaduct.Sriov;
using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Sriov;

/// <summary>Carries out <c>viaduct sriov</c> on a served controller.</summary>
internal static class ServedSriov
{
    /// <summary>Asks it, and writes what it says.</summary>
    /// <param name="folder">Of its sockets.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="json">Whether for programs.</param>
    /// <param name="quiet">Whether people only see errors.</param>
    /// <returns>The process's exit status.</returns>
    internal static int Ask(string folder, ControlRequest request, bool json, bool quiet)
    {
        ControlReply reply;
        try
        {
            reply = ControlClient.Ask(folder, request);
        }
        catch (ServedFolderException error)
        {
            System.Console.Error.WriteLine($"viaduct: {error.Message}");
            return ExitCodes.BadUsage;
        }

        if (json)
        {
            System.Console.Out.WriteLine(JsonSerializer.Serialize(reply, ControlJson.Default.ControlReply));
        }
        else if (!quiet)
        {
            FunctionTable.Write(reply, System.Console.Out, System.Console.IsOutputRedirected);
        }

        if (reply.Error is not { } refusal)
        {
            return ExitCodes.Success;
        }

        System.Console.Error.WriteLine($"viaduct: {refusal.Message}");
        return refusal.Kind == ControlErrorKind.Held ? ExitCodes.DeviceHeld : ExitCodes.Failure;
    }
}
