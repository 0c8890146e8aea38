using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>RFLAGS as IRET takes them from the stack (Intel SDM vol. 2A, IRET).</summary>
internal static unsafe class FlagImage
{
    /// <summary>Sets what may be changed.</summary>
    /// <param name="s">The processor.</param>
    /// <param name="flags">The image.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="privilege">The privilege level that IRET ran at.</param>
    internal static void Restore(CpuState* s, uint flags, int size, int privilege)
    {
        uint changeable = Rflags.Trap | Rflags.Direction | Rflags.NestedTask | Rflags.AlignmentCheck
            | Rflags.Identification | Rflags.Resume;
        uint ioPrivilege = (s->FlagsOther & Rflags.IoPrivilege) >> 12;
        changeable |= privilege == 0 ? Rflags.IoPrivilege | Rflags.Interrupt | Rflags.VirtualInterrupt | Rflags.VirtualInterruptPending
            : privilege <= ioPrivilege ? Rflags.Interrupt : 0;
        if (size == 2)
        {
            changeable &= 0xFFFF;
        }

        s->FlagsOther = (s->FlagsOther & ~changeable) | (flags & changeable);
        Flags.Write(s, flags);
    }
}
