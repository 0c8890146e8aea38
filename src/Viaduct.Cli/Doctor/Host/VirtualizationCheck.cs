namespace Viaduct.Cli.Doctor.Host;

/// <summary>Why there is no <c>/dev/kvm</c>.</summary>
internal static class VirtualizationCheck
{
    /// <summary>Says why and what would help; null where there is one.</summary>
    internal static (string Reason, string Remedy)? Look(HostFiles files)
    {
        if (files.Has("dev/kvm"))
        {
            return null;
        }

        IReadOnlySet<string> flags = files.ProcessorFlags;
        if (flags.Contains("vmx") || flags.Contains("svm"))
        {
            string module = flags.Contains("svm") ? "kvm_amd" : "kvm_intel";
            return files.Has("sys/module/kvm")
                ? ("the kernel has KVM, but no /dev/kvm is made", $"modprobe {module}; where that fails, virtualization is locked in the firmware's set-up: dmesg | grep -i kvm")
                : ("the processor has virtualization, the kernel no KVM loaded", $"modprobe {module}");
        }

        return files.IsGuest
            ? ("this host is a virtual machine, and its hypervisor gives it no virtualization of its own",
                "have the outer host nest: load its kvm_intel or kvm_amd with nested=1, and give this machine its processor (in QEMU: -cpu host)")
            : ("the processor has no virtualization, or the firmware has it off",
                $"switch on {(files.IsAmd ? "SVM Mode (AMD-V)" : "Intel Virtualization Technology (VT-x)")} in the firmware's set-up");
    }
}
