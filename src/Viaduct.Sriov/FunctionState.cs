using System.Globalization;
using Viaduct.Emulated.Nvme;
using Viaduct.Platform.Accounting;

namespace Viaduct.Sriov;

/// <summary>A served function as it stands, and who holds it.</summary>
public sealed record FunctionState
{
    /// <summary><c>pf</c>, <c>vf1</c> and so on.</summary>
    public required string Name { get; init; }

    /// <summary>Its controller's identifier: 0, or the virtual function's number.</summary>
    public required int Controller { get; init; }

    /// <summary>The socket it is taken at.</summary>
    public required string Socket { get; init; }

    /// <summary>Whether a driver can use its controller.</summary>
    public required bool Online { get; init; }

    /// <summary>Pairs of queues that it has, the admin queues being one.</summary>
    public required int Queues { get; init; }

    /// <summary>Interrupt vectors that it has.</summary>
    public required int Vectors { get; init; }

    /// <summary>Identifiers of the namespaces that it has.</summary>
    public required IReadOnlyList<uint> Namespaces { get; init; }

    /// <summary>I/O commands a second that it may do; null for any number.</summary>
    public long? Iops { get; init; }

    /// <summary>Bytes a second that it may move; null for any number.</summary>
    public long? Bandwidth { get; init; }

    /// <summary>Milliseconds for which it saves up while it is idle; null without a limit.</summary>
    public long? Burst { get; init; }

    /// <summary>Who has it; null when nobody does.</summary>
    public FunctionHolder? Holder { get; init; }

    /// <summary>How many had it so far, over all its lives.</summary>
    public required long Clients { get; init; }

    /// <summary>Commands that it finished.</summary>
    public required long Requests { get; init; }

    /// <summary>Accesses to its registers that came as messages.</summary>
    public required long Exits { get; init; }

    /// <summary>Doorbells that reached it.</summary>
    public required long Doorbells { get; init; }

    /// <summary>Interrupts that it raised.</summary>
    public required long Interrupts { get; init; }

    /// <summary>Bytes that it read of its guest's memory.</summary>
    public required long DmaReadBytes { get; init; }

    /// <summary>Bytes that it wrote to its guest's memory.</summary>
    public required long DmaWrittenBytes { get; init; }

    internal static FunctionState Of(NvmeControllerInfo controller, ServedFunction function, long clients, in DeviceCounts counts) => new()
    {
        Name = controller.Id == 0 ? "pf" : string.Create(CultureInfo.InvariantCulture, $"vf{controller.Id}"),
        Controller = controller.Id,
        Socket = function.Socket,
        Online = controller.Online,
        Queues = controller.Queues,
        Vectors = controller.Vectors,
        Namespaces = controller.Namespaces,
        Iops = controller.Limit is { OperationsPerSecond: > 0 and var operations } ? operations : null,
        Bandwidth = controller.Limit is { BytesPerSecond: > 0 and var bytes } ? bytes : null,
        Burst = controller.Limit is { } limit ? (long)limit.Burst.TotalMilliseconds : null,
        Holder = function.Holder is { } holder ? new FunctionHolder(holder.Process, holder.Name, holder.Since) : null,
        Clients = clients,
        Requests = counts.Requests,
        Exits = counts.Exits,
        Doorbells = counts.Doorbells,
        Interrupts = counts.Interrupts,
        DmaReadBytes = counts.DmaReadBytes,
        DmaWrittenBytes = counts.DmaWrittenBytes,
    };
}
