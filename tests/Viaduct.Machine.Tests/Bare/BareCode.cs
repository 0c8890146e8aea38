using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Bare;

/// <summary>The code of a guest without an operating system: an assembler, its exception handlers, and what such guests do again and again.</summary>
internal sealed class BareCode
{
    private const ushort SerialPort = 0x3F8;
    private const ushort PowerPort = 0x604;
    private const short PowerOffValue = (5 << 10) | (1 << 13);

    private const int UserStack = 0x4000;
    private const int InterruptsAndPorts = 0x3202;

    private readonly Dictionary<byte, Label> _handlers = [];
    private bool _isUser;

    public Assembler A { get; } = new(64);

    public IReadOnlyDictionary<byte, Label> Handlers => _handlers;

    /// <summary>Begins the handler of an exception or interrupt here.</summary>
    public void Handler(byte vector)
    {
        Label label = A.CreateLabel();
        Place(ref label);
        _handlers.Add(vector, label);
        _isUser = false;
    }

    /// <summary>
    /// Goes on at privilege level 3 with interrupts on and all ports allowed, which is native on every KVM; memory and
    /// registers are open to it anyway. Changes RAX, and the stack is empty.
    /// </summary>
    public void EnterUser()
    {
        Label user = A.CreateLabel();
        A.lea(rax, __[rsp - UserStack]);
        A.push(BareGuest.UserDataSelector);
        A.push(rax);
        A.push(InterruptsAndPorts);
        A.push(BareGuest.UserCodeSelector);
        A.lea(rax, __[user]);
        A.push(rax);
        A.iretq();
        Place(ref user);
        _isUser = true;
    }

    /// <summary>Prints a mark and waits for a character from the test. Changes RAX and RDX.</summary>
    public void Mark(char mark)
    {
        Print(mark.ToString());
        Label wait = A.CreateLabel();
        Place(ref wait);
        A.mov(edx, SerialPort + 5);
        A.@in(al, dx);
        A.test(al, 1);
        A.jz(wait);
        A.mov(edx, SerialPort);
        A.@in(al, dx);
    }

    /// <summary>Puts a label here, on an instruction of its own, since the assembler takes one label an instruction.</summary>
    public void Place(ref Label label)
    {
        A.Label(ref label);
        A.nop();
    }

    /// <summary>Sends text by the serial port, waiting for room. Changes RAX and RDX.</summary>
    public void Print(string text)
    {
        foreach (char character in text)
        {
            Label wait = A.CreateLabel();
            A.Label(ref wait);
            A.mov(edx, SerialPort + 5);
            A.@in(al, dx);
            A.test(al, 0x20);
            A.jz(wait);
            A.mov(edx, SerialPort);
            A.mov(al, (sbyte)character);
            A.@out(dx, al);
        }
    }

    /// <summary>Powers off, and waits for that.</summary>
    public void PowerOff()
    {
        A.mov(edx, PowerPort);
        A.mov(eax, PowerOffValue);
        A.@out(dx, ax);
        Halt();
    }

    /// <summary>Prints and powers off.</summary>
    public void End(string text)
    {
        Print(text);
        PowerOff();
    }

    /// <summary>Goes on where RAX is the expected value; says so and ends elsewhere. Changes RBX.</summary>
    public void Expect(ulong value, string what)
    {
        Label right = A.CreateLabel();
        A.mov(rbx, value);
        A.cmp(rax, rbx);
        A.je(right);
        End("wrong: " + what);
        Place(ref right);
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

    /// <summary>Does what the action assembles for ever.</summary>
    public void Forever(Action body)
    {
        Label again = A.CreateLabel();
        A.Label(ref again);
        body();
        A.jmp(again);
    }
}
