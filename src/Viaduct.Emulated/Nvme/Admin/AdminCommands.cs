using Viaduct.Emulated.Nvme.Io;
using Viaduct.Emulated.Nvme.Queues;

namespace Viaduct.Emulated.Nvme.Admin;

/// <summary>The admin command set (NVMe 1.4, 5): hands each command to who knows it. Worker only.</summary>
internal sealed class AdminCommands
{
    private readonly CompletionPath _completions;
    private readonly IoCommands _io;
    private readonly QueueCommands _queues;
    private readonly IdentifyCommand _identify;
    private readonly FeatureCommands _features;
    private readonly LogCommands _logs;
    private readonly AsyncEvents _events;
    private readonly FormatCommand _format;
    private readonly NvmeDoorbells _doorbells;
    private readonly NamespaceCommands? _namespaces;
    private readonly VirtualizationCommand? _virtualization;

    internal AdminCommands(
        CompletionPath completions,
        IoCommands io,
        QueueCommands queues,
        IdentifyCommand identify,
        FeatureCommands features,
        LogCommands logs,
        AsyncEvents events,
        FormatCommand format,
        NvmeDoorbells doorbells,
        NamespaceCommands? namespaces,
        VirtualizationCommand? virtualization)
    {
        _completions = completions;
        _io = io;
        _queues = queues;
        _identify = identify;
        _features = features;
        _logs = logs;
        _events = events;
        _format = format;
        _doorbells = doorbells;
        _namespaces = namespaces;
        _virtualization = virtualization;
    }

    /// <summary>Begins a command from the admin queue, and completes it if it ends at once.</summary>
    internal void Start(int index, in SubmissionEntry entry)
    {
        CommandOutcome outcome = Run(index, in entry);
        if (!outcome.Continues)
        {
            _completions.Complete(index, outcome.Status, outcome.Result);
        }
    }

    /// <summary>Whether a controller has a command: some are for one that manages a subsystem.</summary>
    internal static bool Supports(AdminOpcode opcode, bool manages) =>
        manages || opcode is not (AdminOpcode.NamespaceManagement or AdminOpcode.NamespaceAttachment or AdminOpcode.VirtualizationManagement);

    private CommandOutcome Run(int index, in SubmissionEntry entry)
    {
        AdminOpcode opcode = (AdminOpcode)entry.Opcode;
        if (!Enum.IsDefined(opcode) || !Supports(opcode, _virtualization is not null))
        {
            return NvmeStatus.InvalidOpcode;
        }

        if (entry.Fuse != 0 || entry.DataForm != 0)
        {
            // Admin commands are never fused, and over PCIe they use PRPs (4.2).
            return NvmeStatus.InvalidField;
        }

        return opcode switch
        {
            AdminOpcode.DeleteSubmissionQueue => _queues.DeleteSubmission(index, in entry),
            AdminOpcode.CreateSubmissionQueue => _queues.CreateSubmission(in entry),
            AdminOpcode.GetLogPage => _logs.Get(in entry),
            AdminOpcode.DeleteCompletionQueue => _queues.DeleteCompletion(in entry),
            AdminOpcode.CreateCompletionQueue => _queues.CreateCompletion(in entry),
            AdminOpcode.Identify => _identify.Identify(in entry),
            AdminOpcode.Abort => Abort(in entry),
            AdminOpcode.SetFeatures => _features.Set(in entry),
            AdminOpcode.GetFeatures => _features.Get(in entry),
            AdminOpcode.AsynchronousEventRequest => _events.Request(index),
            AdminOpcode.NamespaceManagement => _namespaces!.Manage(index, in entry),
            AdminOpcode.NamespaceAttachment => _namespaces!.Attach(index, in entry),
            AdminOpcode.VirtualizationManagement => _virtualization!.Run(index, in entry),
            AdminOpcode.DoorbellBufferConfig when _doorbells.AreShown => NvmeStatus.InvalidOpcode,
            AdminOpcode.DoorbellBufferConfig => ConfigureShadow(in entry),
            _ => _format.Start(index, in entry),
        };
    }

    /// <summary>Doorbell Buffer Config (5.7): where it fails, the registers' values count again, so no doorbell is a mere signal before that is known.</summary>
    private CommandOutcome ConfigureShadow(in SubmissionEntry entry)
    {
        _doorbells.Bell = null;
        _doorbells.FollowSignals();
        return _queues.ConfigureShadow(in entry);
    }

    /// <summary>Abort (5.1): what waits can be aborted; what the disk works on can't, which the result says.</summary>
    private CommandOutcome Abort(in SubmissionEntry entry)
    {
        const uint NotAborted = 1;
        ushort queue = (ushort)entry.Dword10;
        ushort command = (ushort)(entry.Dword10 >> 16);
        bool aborted = queue == 0 ? _events.TryAbort(command) : _io.TryAbort(queue, command);
        return new CommandOutcome(NvmeStatus.Success, aborted ? 0 : NotAborted);
    }
}
