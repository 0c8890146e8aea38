using Viaduct.Engines.Kvm;

namespace Viaduct.Cli.Commands;

/// <summary>Says why a guest runs on the software engine where its user might expect KVM.</summary>
internal static class EngineAdvice
{
    /// <summary>A line on standard error where this host has KVM. While the guest boots: it takes milliseconds that a start doesn't have.</summary>
    internal static void Say()
    {
        if (!File.Exists("/dev/kvm"))
        {
            return;
        }

        KvmProbeResult probe = KvmProbe.Run();
        string reason = probe.Usable ? "this version doesn't run guests on KVM" : probe.Reason;
        System.Console.Error.Write($"viaduct: engine software: {reason}\r\n");
    }
}
