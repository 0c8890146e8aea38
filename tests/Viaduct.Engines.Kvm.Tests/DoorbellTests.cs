using Iced.Intel;
using Viaduct.Engines.Kvm.Tests.Guest;
using Viaduct.Platform.Accounting;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Host;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Kvm.Tests;

/// <summary>Doorbells that KVM turns into eventfds follow the address space.</summary>
public sealed class DoorbellTests : IDisposable
{
    private const ulong Place = 0xD000_0000;
    private const ulong Elsewhere = 0xD800_0000;
    private const uint Port = 0x300;
    private const uint CallPort = 0x200;
    private readonly EventFd _bell = new();
    private readonly AccessRecorder _recorder = new();
    private readonly DeviceCounters _counters = new("device", Road.Emulated);

    public void Dispose() => _bell.Dispose();

    [Fact]
    public void Stores_OfAnySize_AreNoExits()
    {
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                c.A.mov(rdi, Place);
                c.A.mov(__byte_ptr[rdi], 1);
                c.A.mov(__word_ptr[rdi], 2);
                c.A.mov(__dword_ptr[rdi], 3);
                c.A.mov(__qword_ptr[rdi], 4);
                c.A.mov(__dword_ptr[rdi + 8], 5);
                c.A.mov(eax, __[rdi + 4]);
                c.Done();
            },
            prepare: each => each.Memory.Map("bell", Place, 0x10, _recorder, signals: [new DoorbellSignal(0, 0, _bell)]));
        Run(guest);
        Assert.Equal(4UL, _bell.Take());
        Assert.Equal(["w4@8=5", "r4@4"], _recorder.Accesses);

        // Beside these two the end.
        Assert.Equal(3, guest.Engine.Exits);
    }

    [Fact]
    public void Stores_OfTheSizeAndTheValue_AreNoExits_OthersAre()
    {
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                c.A.mov(rdi, Place);
                c.A.mov(__dword_ptr[rdi + 4], 7);
                c.A.mov(__dword_ptr[rdi + 4], 8);
                c.A.mov(__word_ptr[rdi + 4], 7);
                c.Done();
            },
            prepare: each => each.Memory.Map("bell", Place, 0x10, _recorder, signals: [new DoorbellSignal(4, 4, _bell) { Value = 7 }]));
        Run(guest);
        Assert.Equal(1UL, _bell.Take());
        Assert.Equal(["w4@4=8", "w2@4=7"], _recorder.Accesses);
    }

    [Fact]
    public void Ports_MayBeDoorbells()
    {
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                c.A.mov(edx, Port + 2);
                c.A.@out(dx, ax);
                c.A.@out(dx, ax);
                c.A.@in(ax, dx);
                c.Done();
            },
            prepare: each => each.Ports.Map("bell", Port, 4, _recorder, signals: [new DoorbellSignal(2, 2, _bell)]));
        Run(guest);
        Assert.Equal(2UL, _bell.Take());
        Assert.Equal(["r2@2"], _recorder.Accesses);
    }

    [Fact]
    public void Doorbells_GoWhereTheirMappingGoes()
    {
        AccessRecorder over = new();
        Mapping? bell = null;
        Mapping? cover = null;
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                for (int call = 1; call <= 4; call++)
                {
                    foreach (ulong address in (ulong[])[Place, Elsewhere])
                    {
                        c.A.mov(rdi, address);
                        c.A.mov(__dword_ptr[rdi], call);
                    }

                    Call(c, call);
                }

                c.Done();
            },
            prepare: each =>
            {
                bell = Map(each, Place);
                each.Ports.Map("calls", CallPort, 4, new CallHandler(call =>
                {
                    switch (call)
                    {
                        case 1:
                            Assert.Equal(1UL, _bell.Take());
                            bell.Dispose();
                            bell = Map(each, Elsewhere);
                            break;
                        case 2:
                            Assert.Equal(1UL, _bell.Take());
                            cover = each.Memory.Map("over", Elsewhere, 4, over, MappingPriority.Board);
                            break;
                        case 3:
                            Assert.Equal(0UL, _bell.Take());
                            cover!.Dispose();
                            break;
                        default:
                            Assert.Equal(1UL, _bell.Take());
                            bell.Dispose();
                            break;
                    }
                }));
            });
        Run(guest);
        Assert.Equal(["w4@0=3"], over.Accesses);
        Assert.Empty(_recorder.Accesses);
        Assert.False(_counters.Read().MissesDoorbells);
    }

    [Fact]
    public void Doorbells_ThatAnotherProcessTakes_AreSaidToBeMissed()
    {
        using SmallGuest guest = new(
            c => c.Done(),
            prepare: each => each.Memory.Map("bell", Place, 4, _recorder, counters: _counters, signals: [new DoorbellSignal(0, 4, _bell) { IsCounted = false }]));
        Assert.True(_counters.Read().MissesDoorbells);
        Run(guest);
    }

    [Fact]
    public void Doorbells_ThatKvmHasNoRoomFor_AreExits()
    {
        const int Many = 3000;
        using SmallGuest guest = new(
            c =>
            {
                c.EnterUser();
                Label again = c.A.CreateLabel();
                c.A.mov(rdi, Place);
                c.A.mov(ecx, Many);
                c.Place(ref again);
                c.A.mov(__dword_ptr[rdi], 1);
                c.A.add(rdi, 4);
                c.A.dec(ecx);
                c.A.jnz(again);
                c.Done();
            },
            prepare: each => each.Memory.Map(
                "bells", Place, Many * 4, _recorder, signals: [.. Enumerable.Range(0, Many).Select(i => new DoorbellSignal((ulong)i * 4, 4, _bell))]));
        Run(guest);
        int rung = (int)_bell.Take();
        Assert.InRange(rung, 500, Many);
        Assert.Equal(Many, rung + _recorder.Accesses.Count);
    }

    private static void Run(SmallGuest guest)
    {
        guest.Start();
        guest.AwaitDone();
        guest.Stop();
    }

    private static void Call(GuestCode c, int number)
    {
        c.A.mov(edx, CallPort);
        c.A.mov(eax, number);
        c.A.@out(dx, eax);
    }

    private Mapping Map(SmallGuest guest, ulong address) =>
        guest.Memory.Map("bell", address, 0x1000, _recorder, MappingPriority.Bar, _counters, [new DoorbellSignal(0, 4, _bell)]);
}
