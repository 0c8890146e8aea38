using System.Text.Json;

namespace Viaduct.Sriov.Control;

/// <summary>Carries out what lines ask for. Any thread; lines are hostile.</summary>
internal sealed class ControlCommands(ServedController controller)
{
    /// <summary>The answer to a line, without its end.</summary>
    internal ControlReply Answer(ReadOnlySpan<byte> line)
    {
        ControlRequest? request;
        try
        {
            request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return Refuse(ControlError.Invalid($"no request: {error.Message}"));
        }

        return Refuse(request?.Command is null ? ControlError.Invalid("no request: no command") : Carry(request));
    }

    /// <summary>How things stand, and an error.</summary>
    internal ControlReply Refuse(ControlError? error) => new()
    {
        Device = controller.Id,
        Error = error,
        VirtualFunctions = controller.Total,
        Functions = controller.Functions,
    };

    private ControlError? Carry(ControlRequest request)
    {
        switch (request.Command)
        {
            case "list":
                return null;
            case "create":
                return request.Count is { } count ? controller.Create(count) : ControlError.Invalid("create: no count");
            case "remove" when request.Functions is { } functions:
                return functions.Count == 0 ? ControlError.Invalid("remove: no functions") : controller.Remove(functions, request.Force);
            case "remove":
                return controller.RemoveAll(request.Force);
            case "set":
                return request is { Function: { } function, Change: { } change }
                    ? controller.Set(function, change)
                    : ControlError.Invalid("set: it takes a function and a change");
            default:
                return ControlError.Invalid("no such command: there are list, create, remove and set");
        }
    }
}
