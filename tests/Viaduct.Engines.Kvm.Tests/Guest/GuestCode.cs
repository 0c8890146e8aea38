using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests.Guest;

/// <summary>The code of a small guest, begun in 64-bit mode at privilege level 0, with what such guests do again and again.</summary>
internal sealed class GuestCode
{
    private readonly Dictionary<byte, Label> _handlers = [];
    private bool _isUser;

    public Assembler A { get; } = new(64);

    public IReadOnlyDictionary<byte, Label> Handlers => _handlers;

    /// <summary>Begins the handler of a vector here.</summary>
    public void Handler(byte vector)
    {
        Label label = A.CreateLabel();
        Place(ref label);
        _handlers.Add(vector, label);
        _isUser = false;
    }

    /// <summary>Puts a label on an instruction of its own.</summary>
    public void Place(ref Label label)
    {
        A.Label(ref label);
        A.nop();
    }

    /// <summary>Tells the test EAX. Changes RDX.</summary>
    public void Report()
    {
        A.mov(edx, SmallGuest.ReportPort);
        A.@out(dx, eax);
    }

    /// <summary>Tells the test a number. Changes RAX and RDX.</summary>
    public void Report(uint value)
    {
        A.mov(eax, value);
        Report();
    }

    /// <summary>Ends the run.</summary>
    public void Done()
    {
        A.mov(edx, SmallGuest.DonePort);
        A.@out(dx, al);
        Halt();
    }

    /// <summary>Halts for ever; at privilege level 3, where that isn't allowed, turns round and round.</summary>
    public void Halt()
    {
        Label again = A.CreateLabel();
        A.Label(ref again);
        if (_isUser)
        {
            A.pause();
        }
        else
        {
            A.hlt();
        }

        A.jmp(again);
    }

    /// <summary>Goes to privilege level 3, interrupts on and ports allowed, on the same stack. Changes RAX.</summary>
    public void EnterUser()
    {
        const int InterruptsAndPorts = 0x3202;
        Label user = A.CreateLabel();
        A.mov(rax, rsp);
        A.push(SmallGuest.UserData);
        A.push(rax);
        A.push(InterruptsAndPorts);
        A.push(SmallGuest.UserCode);
        A.lea(rax, __[user]);
        A.push(rax);
        A.iretq();
        Place(ref user);
        _isUser = true;
    }

    /// <summary>Switches the local APIC on in x2APIC mode. Changes RAX, RCX and RDX.</summary>
    public void EnableX2Apic()
    {
        const int ApicBase = 0x1B;
        const int Spurious = 0x80F;
        A.mov(ecx, ApicBase);
        A.rdmsr();
        A.or(eax, 0xC00);
        A.wrmsr();
        WriteMsr(Spurious, 0x1FF);
    }

    /// <summary>Ends an interrupt. Changes RAX, RCX and RDX.</summary>
    public void EndOfInterrupt() => WriteMsr(0x80B, 0);

    /// <summary>Writes an MSR. Changes RAX, RCX and RDX.</summary>
    public void WriteMsr(uint number, ulong value)
    {
        A.mov(ecx, number);
        A.mov(eax, (uint)value);
        A.mov(edx, (uint)(value >> 32));
        A.wrmsr();
    }
}
