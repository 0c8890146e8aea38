using Iced.Intel;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.Host;
using Viaduct.Platform.Interrupts;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>Interrupts that eventfds raise in the kernel.</summary>
public sealed class InterruptEventTests : IDisposable
{
    private const ulong Apic = 0xFEE0_0000;
    private const ulong IoApic = 0xFEC0_0000;
    private const byte First = 0x45;
    private const byte Second = 0x46;
    private const uint CallPort = 0x200;
    private const int Input = 20;

    // Where handlers count, 4 bytes a vector.
    private const int Counters = 0x6000;

    private readonly EventFd _signal = new();
    private readonly EventFd _resample = new();

    public void Dispose()
    {
        _signal.Dispose();
        _resample.Dispose();
    }

    [Fact]
    public void Message_ComesWhileItIsConnected_AndIsKeptWhileItIsNot()
    {
        IMessageEvent? message = null;
        uint[] reports = Run(
            c =>
            {
                Call(c, 1);
                Await(c, First, 1);
                Call(c, 2);
                ReportCount(c, First);
                Call(c, 3);
                Await(c, Second, 1);
                ReportCount(c, First);
            },
            (guest, call) =>
            {
                switch (call)
                {
                    case 1:
                        message = guest.Engine.InterruptEvents!.AddMessage(_signal)!;
                        message.Connect(0, Apic, First);
                        _signal.Signal();
                        break;
                    case 2:
                        message!.Disconnect();
                        _signal.Signal();
                        Assert.True(_signal.IsRaised);
                        break;
                    default:
                        message!.Connect(0, Apic, Second);
                        break;
                }
            });
        Assert.Equal([1u, 1], reports);
        Assert.False(_signal.IsRaised);
    }

    [Fact]
    public void Message_ThatIsNotForAnInterruptController_InterruptsNobody()
    {
        uint[] reports = Run(
            c =>
            {
                Call(c, 1);
                ReportCount(c, First);
                Call(c, 2);
                Await(c, First, 1);
                ReportCount(c, First);
            },
            (guest, call) =>
            {
                IMessageEvent message = guest.Engine.InterruptEvents!.AddMessage(_signal)!;
                message.Connect(0, call == 1 ? 0xFED0_0000 : Apic, First);
                if (call == 1)
                {
                    _signal.Signal();
                    Assert.True(_signal.IsRaised);
                    message.Dispose();
                }
            });
        Assert.Equal([0u, 1], reports);
    }

    [Fact]
    public void Messages_HaveNumbersOfTheirOwn_WhichAreGivenBack()
    {
        using EventFd other = new();
        uint[] reports = Run(
            c =>
            {
                Call(c, 1);
                Await(c, First, 1);
                Await(c, Second, 1);
                ReportCount(c, First);
                Call(c, 2);
                Await(c, Second, 2);
                ReportCount(c, First);
            },
            (guest, call) =>
            {
                IInterruptEvents events = guest.Engine.InterruptEvents!;
                if (call == 1)
                {
                    IMessageEvent first = events.AddMessage(_signal)!;
                    first.Connect(0, Apic, First);
                    IMessageEvent second = events.AddMessage(other)!;
                    second.Connect(0, Apic, Second);
                    _signal.Signal();
                    other.Signal();
                    first.Dispose();
                    second.Dispose();
                }
                else
                {
                    IMessageEvent again = events.AddMessage(_signal)!;
                    again.Connect(0, Apic, Second);
                    _signal.Signal();
                }
            });
        Assert.Equal([1u, 1], reports);
    }

    [Fact]
    public void Messages_AreBounded()
    {
        using SmallGuest guest = new(c => c.Done());
        IInterruptEvents events = guest.Engine.InterruptEvents!;
        List<IMessageEvent> messages = [];
        const int TooMany = 10_000;
        while (messages.Count < TooMany && events.AddMessage(_signal) is { } message)
        {
            messages.Add(message);
        }

        Assert.InRange(messages.Count, 256, TooMany - 1);

        // The whole table is one that KVM takes.
        messages[^1].Connect(0, Apic, First);
        messages.ForEach(message => message.Dispose());
        Assert.NotNull(events.AddMessage(_signal));
    }

    [Fact]
    public void Pin_IsAsserted_AndItsEndAsksForMore()
    {
        IPinEvent? pin = null;
        uint[] reports = Run(
            c =>
            {
                WriteIoApic(c, 0x10 + (2 * Input) + 1, 0);
                WriteIoApic(c, 0x10 + (2 * Input), (1 << 15) | First);
                Call(c, 1);
                Await(c, First, 1);
                Call(c, 2);
                Await(c, First, 2);
                Call(c, 3);
                ReportCount(c, First);
            },
            (guest, call) =>
            {
                switch (call)
                {
                    case 1:
                        pin = guest.Engine.InterruptEvents!.AddPin(Input, _signal, _resample);
                        Assert.NotNull(pin);
                        _signal.Signal();
                        break;
                    case 2:
                        Assert.True(_resample.Wait(30_000_000_000));
                        _signal.Signal();
                        break;
                    default:
                        Assert.True(_resample.Wait(30_000_000_000));
                        pin!.Dispose();
                        _signal.Signal();
                        break;
                }
            });
        Assert.Equal([2u], reports);
        Assert.True(_signal.IsRaised);
    }

    [Fact]
    public void Lines_GoOnWhenTheTableWasSwapped()
    {
        uint[] reports = Run(
            c =>
            {
                WriteIoApic(c, 0x10 + (2 * Input) + 1, 0);
                WriteIoApic(c, 0x10 + (2 * Input), First);
                Call(c, 1);
                Await(c, First, 1);
                ReportCount(c, First);
            },
            (guest, _) =>
            {
                guest.Engine.InterruptEvents!.AddMessage(_signal)!.Connect(0, Apic, Second);
                guest.Engine.Line(Input).Set(true);
            });
        Assert.Equal([1u], reports);
    }

    // The guest's main part runs at privilege level 3; its handlers count.
    private static uint[] Run(Action<GuestCode> write, Action<SmallGuest, int> call)
    {
        SmallGuest? guest = null;
        return SmallGuest.Run(
            c =>
            {
                Label main = c.A.CreateLabel();
                c.A.jmp(main);
                foreach (byte vector in (byte[])[First, Second])
                {
                    c.Handler(vector);
                    c.A.inc(__dword_ptr[Counters + (vector * 4)]);
                    c.EndOfInterrupt();
                    c.A.iretq();
                }

                c.Place(ref main);
                c.EnableX2Apic();
                c.EnterUser();
                write(c);
                c.Done();
            },
            prepare: each =>
            {
                guest = each;
                each.Ports.Map("calls", CallPort, 4, new CallHandler(number => call(guest, number)));
            });
    }

    private static void Call(GuestCode c, int number)
    {
        c.A.mov(edx, CallPort);
        c.A.mov(eax, number);
        c.A.@out(dx, eax);
    }

    private static void Await(GuestCode c, byte vector, int count)
    {
        Label wait = c.A.CreateLabel();
        c.Place(ref wait);
        c.A.pause();
        c.A.cmp(__dword_ptr[Counters + (vector * 4)], count);
        c.A.jl(wait);
    }

    private static void ReportCount(GuestCode c, byte vector)
    {
        c.A.mov(eax, __dword_ptr[Counters + (vector * 4)]);
        c.Report();
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
