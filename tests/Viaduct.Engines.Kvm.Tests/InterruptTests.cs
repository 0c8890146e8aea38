using Iced.Intel;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.Interrupts;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>Interrupts from lines and messages.</summary>
public sealed class InterruptTests
{
    private const ulong IoApic = 0xFEC0_0000;
    private const byte Vector = 0x45;
    private const int Input = 20;

    [Fact]
    public void Message_IsDelivered()
    {
        SmallGuest? guest = null;
        uint[] reports = SmallGuest.Run(
            c =>
            {
                Label main = c.A.CreateLabel();
                c.A.jmp(main);
                c.Handler(Vector);
                c.Report(0x45);
                c.EndOfInterrupt();
                c.Done();
                c.Place(ref main);
                c.EnableX2Apic();
                c.A.mov(edx, 0x200);
                c.A.@out(dx, al);
                c.A.sti();
                c.Halt();
            },
            prepare: each =>
            {
                guest = each;
                each.Ports.Map("calls", 0x200, 4, new CallHandler(_ =>
                {
                    // One that is no message, and one that is.
                    guest.Engine.Msi.Signal(0, 0xFED0_0000, 0x46);
                    guest.Engine.Msi.Signal(0, 0xFEE0_0000, Vector);
                }));
            });
        Assert.Equal([0x45u], reports);
    }

    [Fact]
    public void Input_SeesTheOrOfItsLines()
    {
        IInterruptLine[] lines = [];
        SmallGuest? guest = null;
        uint[] reports = SmallGuest.Run(
            c =>
            {
                // A level interrupt comes again after its end, as long as a line is asserted: each time another is released.
                Label main = c.A.CreateLabel();
                c.A.jmp(main);
                c.Handler(Vector);
                c.Report(0x45);
                c.A.mov(edx, 0x200);
                c.A.inc(r15d);
                c.A.mov(eax, r15d);
                c.A.@out(dx, al);
                c.EndOfInterrupt();
                c.A.iretq();
                c.Place(ref main);
                c.EnableX2Apic();
                WriteIoApic(c, 0x10 + (2 * Input) + 1, 0);
                WriteIoApic(c, 0x10 + (2 * Input), (1 << 15) | Vector);
                c.A.xor(r15d, r15d);
                c.A.mov(edx, 0x200);
                c.A.xor(eax, eax);
                c.A.@out(dx, al);
                c.A.sti();
                Label wait = c.A.CreateLabel();
                c.Place(ref wait);
                c.A.cmp(r15d, 2);
                c.A.jb(wait);

                // Long enough for any that still comes.
                for (int i = 0; i < 100; i++)
                {
                    c.A.pause();
                }

                c.Done();
            },
            prepare: each =>
            {
                guest = each;
                each.Ports.Map("calls", 0x200, 4, new CallHandler(call =>
                {
                    if (call == 0)
                    {
                        lines = [guest.Engine.Line(Input), guest.Engine.Line(Input)];
                        lines[0].Set(true);
                        lines[0].Set(true);
                        lines[1].Set(true);
                    }
                    else if (call <= 2)
                    {
                        lines[call - 1].Set(false);
                    }
                }));
            });

        // A KVM that interprets kernels was seen to deliver one more that was on its way.
        Assert.InRange(reports.Length, 2, 3);
    }

    // Changes RAX and RDI.
    private static void WriteIoApic(GuestCode code, uint register, uint value)
    {
        code.A.mov(rdi, IoApic);
        code.A.mov(__dword_ptr[rdi], register);
        code.A.mov(eax, value);
        code.A.mov(__[rdi + 0x10], eax);
    }
}
