using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm;

/// <summary>One KVM virtual processor. All of it is for one thread.</summary>
internal sealed unsafe class KvmCpu : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly KvmRunPage* _page;
    private readonly nuint _pageLength;
    private int _thread;
    private bool _disposed;

    public KvmCpu(SafeFileHandle file, KvmSystem system)
    {
        _file = file;
        _pageLength = system.RunPageLength;
        KickSignal.Prepare();
        fixed (byte* cpuid = system.Cpuid)
        {
            _ = KvmSystem.Check(Libc.ioctl_pointer(file, KvmRequests.KVM_SET_CPUID2, cpuid), "KVM_SET_CPUID2");
        }

        void* page = Libc.mmap(null, _pageLength, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file, 0);
        if (page == Libc.MapFailed)
        {
            throw HostException.Last("mmap a KVM processor's page");
        }

        _page = (KvmRunPage*)page;
    }

    /// <summary>What the last <see cref="Run"/> left for its caller.</summary>
    public ref readonly KvmRunPage Exit => ref *_page;

    public KvmRegisters Registers
    {
        get
        {
            KvmRegisters registers;
            Call(KvmRequests.KVM_GET_REGS, &registers, "KVM_GET_REGS");
            return registers;
        }

        set => Call(KvmRequests.KVM_SET_REGS, &value, "KVM_SET_REGS");
    }

    public KvmSystemRegisters SystemRegisters
    {
        get
        {
            KvmSystemRegisters registers;
            Call(KvmRequests.KVM_GET_SREGS, &registers, "KVM_GET_SREGS");
            return registers;
        }

        set => Call(KvmRequests.KVM_SET_SREGS, &value, "KVM_SET_SREGS");
    }

    public KvmFpu Fpu
    {
        get
        {
            KvmFpu fpu;
            Call(KvmRequests.KVM_GET_FPU, &fpu, "KVM_GET_FPU");
            return fpu;
        }

        set => Call(KvmRequests.KVM_SET_FPU, &value, "KVM_SET_FPU");
    }

    /// <summary>Runs the guest until something is asked of the caller, <see cref="KvmExitReason.Intr"/> when <see cref="Kick"/> made it return.</summary>
    public KvmExitReason Run()
    {
        Volatile.Write(ref _thread, Libc.gettid());
        while (Libc.ioctl(_file, KvmRequests.KVM_RUN, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.EINTR)
            {
                throw HostException.Last("KVM_RUN");
            }

            if (Volatile.Read(ref _page->ImmediateExit) != 0)
            {
                Volatile.Write(ref _page->ImmediateExit, 0);
                return KvmExitReason.Intr;
            }
        }

        return _page->ExitReason;
    }

    /// <summary>Makes <see cref="Run"/> return. From another thread, while this object is not being disposed.</summary>
    public void Kick()
    {
        Volatile.Write(ref _page->ImmediateExit, 1);
        KickSignal.Send(Volatile.Read(ref _thread));
    }

    /// <summary>Sets 64-bit mode at privilege level 0: flat segments, paging on, interrupts off.</summary>
    /// <param name="pageTable">CR3.</param>
    /// <param name="rip">The first instruction.</param>
    /// <param name="rsp">The stack.</param>
    public void EnterLongMode(ulong pageTable, ulong rip, ulong rsp)
    {
        const ulong ProtectedPaging = 0x8005_0033;
        const ulong PaeFxsrXmm = 0x620;
        const ulong LongModeActiveNx = 0xD00;
        KvmSystemRegisters system = SystemRegisters;
        KvmSegment data = new() { Limit = uint.MaxValue, Selector = 0x18, Type = 3, Present = 1, S = 1, Db = 1, G = 1 };
        system.Cs = new KvmSegment { Limit = uint.MaxValue, Selector = 0x10, Type = 11, Present = 1, S = 1, L = 1, G = 1 };
        system.Ds = system.Es = system.Fs = system.Gs = system.Ss = data;
        system.Cr0 = ProtectedPaging;
        system.Cr3 = pageTable;
        system.Cr4 = PaeFxsrXmm;
        system.Efer = LongModeActiveNx;
        SystemRegisters = system;
        Registers = new KvmRegisters { Rip = rip, Rsp = rsp, Rflags = 2 };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _ = Libc.munmap(_page, _pageLength);
        _file.Dispose();
    }

    private void Call(uint request, void* argument, string name) =>
        KvmSystem.Check(Libc.ioctl_pointer(_file, request, argument), name);
}
