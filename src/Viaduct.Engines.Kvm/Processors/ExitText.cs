using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm.Processors;

/// <summary>Says in words why a processor can't go on.</summary>
internal static unsafe class ExitText
{
    private const ulong HasInstruction = 1;

    /// <summary>A processor that shut down.</summary>
    public static string TripleFault(KvmCpu cpu) => $"triple fault near {Where(cpu)}";

    /// <summary>An exit that nothing can be done about.</summary>
    public static string Failure(KvmCpu cpu, KvmExitReason reason)
    {
        KvmRunPage* page = cpu.Page;
        string what = reason switch
        {
            KvmExitReason.InternalError => InternalError(page),
            KvmExitReason.FailEntry => $"the processor refuses to enter the guest (hardware reason {page->HardwareEntryFailureReason:x}); its state is one that it can't have",
            KvmExitReason.Unknown => $"KVM doesn't know the processor's exit {page->HardwareEntryFailureReason:x}",
            KvmExitReason.SystemEvent => $"KVM reports system event {page->SystemEventType}",
            _ => $"KVM came back with exit {reason}, which nothing asked for",
        };
        return $"{what}, at {Where(cpu)}";
    }

    /// <summary>Where the processor is.</summary>
    public static string Where(KvmCpu cpu)
    {
        try
        {
            return $"RIP {cpu.SystemRegisters.Cs.Selector:x}:{cpu.Registers.Rip:x}";
        }
        catch (HostException error)
        {
            return $"an unknown RIP ({error.Message})";
        }
    }

    private static string InternalError(KvmRunPage* page) => page->InternalSuberror switch
    {
        1 => $"KVM can't emulate an instruction{Instruction(page)}",
        2 => "KVM met an exception while it handled another",
        3 => "KVM met an exit while it delivered an interrupt or exception",
        4 => "the processor gave KVM an exit that it doesn't expect",
        uint other => $"KVM's internal error {other}",
    };

    private static string Instruction(KvmRunPage* page)
    {
        // Two words at least: flags, and the instruction in its 16 bytes with a length before them.
        if (page->InternalDataCount < 3 || (page->EmulationFlags & HasInstruction) == 0)
        {
            return "";
        }

        return $" ({Convert.ToHexStringLower(new ReadOnlySpan<byte>(&page->InstructionBytes, Math.Min(page->InstructionLength, (byte)15)))})";
    }
}
