using Viaduct.Platform.Accounting;
using Viaduct.Sriov;

namespace Viaduct.Cli.Serve;

/// <summary>What a served device did, for <c>viaduct serve … --json</c>.</summary>
internal sealed record ServeReport
{
    public required string Device { get; init; }

    public required string Socket { get; init; }

    public required long Clients { get; init; }

    public required long Requests { get; init; }

    public required long Exits { get; init; }

    public required long Doorbells { get; init; }

    public required long Interrupts { get; init; }

    public required long DmaReadBytes { get; init; }

    public required long DmaWrittenBytes { get; init; }

    public required long BackendOperations { get; init; }

    public required long BackendBytes { get; init; }

    public required double CpuSeconds { get; init; }

    /// <summary>Each function, where there are several.</summary>
    public IReadOnlyList<FunctionState>? Functions { get; init; }

    internal static ServeReport Of(ServedController controller)
    {
        (DeviceCounts counts, long clients) = controller.Totals;
        return Of(controller.Id, controller.Folder, clients, in counts) with { Functions = controller.Functions };
    }

    internal static ServeReport Of(string device, string socket, long clients, in DeviceCounts counts) => new()
    {
        Device = device,
        Socket = socket,
        Clients = clients,
        Requests = counts.Requests,
        Exits = counts.Exits,
        Doorbells = counts.Doorbells,
        Interrupts = counts.Interrupts,
        DmaReadBytes = counts.DmaReadBytes,
        DmaWrittenBytes = counts.DmaWrittenBytes,
        BackendOperations = counts.BackendOperations,
        BackendBytes = counts.BackendBytes,
        CpuSeconds = counts.MonitorCpu.TotalSeconds,
    };
}
