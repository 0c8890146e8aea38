using System.Diagnostics;
using Iced.Intel;
using Viaduct.Machine.Specification;
using Viaduct.Machine.Tests.Bare;
using Viaduct.Platform.Accounting;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Machine.Tests.Hostile;

/// <summary>
/// The process that is killed: a machine whose guest for ever writes the round's number over a block, flushes, and only
/// when the device has completed the flush sends the number out, eight bytes, by the serial port.
/// </summary>
internal static class DurableGuest
{
    public const string Command = "durable-guest";
    public const int BlockLength = 4096;
    public const int Blocks = 64;

    public static Process Start(string path, Road road, bool direct)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!, [Command, path, road.ToString(), direct.ToString()]) { RedirectStandardOutput = true };
        return Process.Start(start)!;
    }

    public static int Run(string path, string road, string direct)
    {
        string kernel = Path.GetTempFileName();
        MachineSpec spec = new()
        {
            Kernel = kernel,
            Memory = 64 << 20,
            Disks = [new DiskSpec { Id = "durable", Path = path, Road = Enum.Parse<Road>(road), Direct = bool.Parse(direct) }],
        };
        File.WriteAllBytes(kernel, BareGuest.Build(c => Write(c, spec.Disks[0].Road)));
        using Stream output = Console.OpenStandardOutput();
        using VirtualMachine machine = new(spec, new Acknowledgements(output), new EventLog(Console.Error));
        File.Delete(kernel);
        machine.Start();
        machine.Exited.Wait();
        return 1;
    }

    private static void Write(BareCode c, Road road)
    {
        BareNvme nvme = new(c);
        BareVirtioBlock virtio = new(c);
        if (road == Road.Emulated)
        {
            nvme.Enable();
            nvme.CreateQueues();
        }
        else
        {
            virtio.Enable();
        }

        c.A.xor(r8d, r8d);
        c.Forever(() =>
        {
            c.A.inc(r8);
            c.A.mov(edi, BareNvme.Buffer);
            c.A.mov(rax, r8);
            c.A.mov(ecx, BlockLength / 8);
            c.A.rep.stosq();
            c.A.mov(r15d, r8d);
            c.A.and(r15d, Blocks - 1);
            c.A.shl(r15d, 3);
            if (road == Road.Emulated)
            {
                nvme.Transfer(1);
                nvme.Transfer(0);
            }
            else
            {
                virtio.Write();
                virtio.Flush();
            }

            Acknowledge(c);
        });
    }

    private static void Acknowledge(BareCode c)
    {
        Label next = c.A.CreateLabel();
        Label wait = c.A.CreateLabel();
        c.A.mov(r9, r8);
        c.A.mov(ecx, 8);
        c.Place(ref next);
        c.Place(ref wait);
        c.A.mov(edx, 0x3FD);
        c.A.@in(al, dx);
        c.A.test(al, 0x20);
        c.A.jz(wait);
        c.A.mov(edx, 0x3F8);
        c.A.mov(eax, r9d);
        c.A.@out(dx, al);
        c.A.shr(r9, 8);
        c.A.dec(ecx);
        c.A.jnz(next);
    }
}
