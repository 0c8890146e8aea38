using System.Runtime.InteropServices;
using Viaduct.Engines.Kvm.Interop;

namespace Viaduct.Engines.Kvm;

/// <summary>The signal that makes KVM_RUN return on another thread. Its handler does nothing; that there is one is what counts.</summary>
internal static class KickSignal
{
    /// <summary>A real-time signal that neither the C library nor the runtime uses.</summary>
    private const int Number = 40;

    private static readonly PosixSignalRegistration _registration =
        PosixSignalRegistration.Create((PosixSignal)Number, static context => context.Cancel = true);

    /// <summary>Sends it to a thread of this process.</summary>
    public static void Send(int thread)
    {
        GC.KeepAlive(_registration);
        _ = Libc.tgkill(Environment.ProcessId, thread, Number);
    }

    /// <summary>Makes sure that the handler is there before a thread can be sent the signal.</summary>
    public static void Prepare() => GC.KeepAlive(_registration);
}
