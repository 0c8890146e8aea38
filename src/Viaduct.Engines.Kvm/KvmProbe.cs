using System.Diagnostics;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm;

/// <summary>
/// Finds out what /dev/kvm is worth: some hosts offer it without hardware virtualization and interpret a guest's kernel,
/// a thousand times slower than its user code.
/// </summary>
public static unsafe class KvmProbe
{
    private const ulong CodeAddress = 0x8000;
    private const int Port = 0x80;
    private const int Iterations = 2000;
    private const int Tries = 3;
    private const int ENOENT = 2;
    private const int EACCES = 13;

    /// <summary>Hardware runs such a loop at well under a nanosecond an instruction, under another emulator at some; interpreters take microseconds.</summary>
    private const double InterpretedNanoseconds = 100;

    /// <summary>Opens KVM and times a short loop at privilege level 0. Milliseconds where that runs natively, ten where it is interpreted.</summary>
    public static KvmProbeResult Run()
    {
        try
        {
            double nanoseconds = TimeKernelInstruction();
            return nanoseconds < InterpretedNanoseconds
                ? new KvmProbeResult(true, "", "", true, nanoseconds)
                : new KvmProbeResult(
                    false,
                    $"this host's KVM interprets guest kernels: {nanoseconds:F0} ns an instruction at privilege level 0",
                    "run on a host whose KVM has hardware virtualization (VT-x or AMD-V); until then the software engine is faster",
                    true,
                    nanoseconds);
        }
        catch (HostException error)
        {
            return new KvmProbeResult(false, error.Message, Remedy(error), false, 0);
        }
    }

    /// <summary>Says why there can be no machine on KVM, however slow, and what to do; or null. Takes microseconds.</summary>
    public static string? Problem()
    {
        try
        {
            using KvmSystem system = new();
            return null;
        }
        catch (HostException error)
        {
            return $"{error.Message}; {Remedy(error)}";
        }
    }

    private static string Remedy(HostException error) => error.Errno switch
    {
        ENOENT => "load the kvm module (modprobe kvm_intel or kvm_amd), and turn virtualization on in the firmware, or in the outer hypervisor",
        EACCES => "give this user /dev/kvm: usermod -aG kvm USER, then log in again",
        _ => "see the kernel log for what KVM refuses",
    };

    // The least of a few tries, since anything may come in between, but one good try is enough. The exit at the loop's
    // end is in it, which hardware makes up for by the loop's length: taking away what was measured of an exit alone would
    // make an interpreter look fast whenever that measurement was held up.
    private static double TimeKernelInstruction()
    {
        using KvmSystem system = new();
        using HostMemory memory = new("kvm-probe", 0x10000);
        using KvmMachine machine = system.CreateMachine();
        machine.MapMemory(0, 0, memory);
        WriteTables(memory);

        // again: dec ecx; jnz again; out 0x80, al
        ReadOnlySpan<byte> code = [0xFF, 0xC9, 0x75, 0xFC, 0xE6, Port];
        code.CopyTo(new Span<byte>(memory.Pointer + CodeAddress, code.Length));
        using KvmCpu cpu = machine.CreateCpu(0);
        cpu.SetCpuid(system.Cpuid);
        cpu.EnterLongMode(0x1000, CodeAddress, 0xF000);
        _ = TimeLoop(cpu, 1);
        double least = double.MaxValue;
        for (int i = 0; i < Tries && least >= InterpretedNanoseconds; i++)
        {
            least = Math.Min(least, TimeLoop(cpu, Iterations) / (2 * Iterations));
        }

        return least;
    }

    private static double TimeLoop(KvmCpu cpu, uint iterations)
    {
        cpu.Registers = new KvmRegisters { Rip = CodeAddress, Rsp = 0xF000, Rflags = 2, Rcx = iterations };
        long begin = Stopwatch.GetTimestamp();
        KvmExitReason exit = cpu.Run();
        double elapsed = Stopwatch.GetElapsedTime(begin).TotalNanoseconds;
        return exit == KvmExitReason.Io && cpu.Exit.IoPort == Port
            ? elapsed
            : throw new HostException($"KVM ended a loop of two instructions with exit {exit}", 0);
    }

    private static void WriteTables(HostMemory memory)
    {
        const ulong PresentWritable = 3;
        const ulong LargePage = 0x80;
        *(ulong*)(memory.Pointer + 0x1000) = 0x2000 | PresentWritable;
        *(ulong*)(memory.Pointer + 0x2000) = 0x3000 | PresentWritable;
        *(ulong*)(memory.Pointer + 0x3000) = LargePage | PresentWritable;
    }
}
