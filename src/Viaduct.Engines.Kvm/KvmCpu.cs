using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Viaduct.Engines.Kvm.Interop;
using Viaduct.Platform.Host;

namespace Viaduct.Engines.Kvm;

/// <summary>One KVM virtual processor. All of it is for one thread, but for what says that it is for any.</summary>
internal sealed unsafe class KvmCpu : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly KvmRunPage* _page;
    private readonly nuint _pageLength;
    private readonly int _descriptor;
    private readonly nuint _run = KvmRequests.KVM_RUN;
    private int _managedThread;
    private readonly bool _hasLongState;
    private readonly Lock _kickLock = new();
    private int _thread;
    private bool _disposed;

    /// <param name="file">The processor's descriptor; owned from now on.</param>
    /// <param name="pageLength">Bytes of its shared page.</param>
    /// <param name="extendedStateLength">Bytes of its extended state where that may be more than a structure's; zero where it is that.</param>
    public KvmCpu(SafeFileHandle file, nuint pageLength, int extendedStateLength)
    {
        _file = file;
        _descriptor = (int)file.DangerousGetHandle();
        _hasLongState = extendedStateLength != 0;
        ExtendedStateLength = Math.Max(extendedStateLength, sizeof(KvmExtendedState));
        _pageLength = pageLength;
        KickSignal.Prepare();

        void* page = Libc.mmap(null, _pageLength, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file, 0);
        if (page == Libc.MapFailed)
        {
            throw HostException.Last("mmap a KVM processor's page");
        }

        _page = (KvmRunPage*)page;
    }

    /// <summary>What the last <see cref="Run"/> left for its caller.</summary>
    public ref readonly KvmRunPage Exit => ref *_page;

    /// <summary>The page itself, for who answers the guest's accesses there.</summary>
    public KvmRunPage* Page => _page;

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

    /// <summary>Bytes of <see cref="ExtendedState"/>.</summary>
    public int ExtendedStateLength { get; }

    /// <summary>The FPU's, the vectors' and all other state that XSAVE saves, as it does.</summary>
    public byte[] ExtendedState
    {
        get
        {
            byte[] image = new byte[ExtendedStateLength];
            fixed (byte* pointer = image)
            {
                Call(_hasLongState ? KvmRequests.KVM_GET_XSAVE2 : KvmRequests.KVM_GET_XSAVE, pointer, "KVM_GET_XSAVE");
            }

            return image;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(value.Length, ExtendedStateLength);
            fixed (byte* pointer = value)
            {
                Call(KvmRequests.KVM_SET_XSAVE, pointer, "KVM_SET_XSAVE");
            }
        }
    }

    /// <summary>Reads a structure of the processor's state.</summary>
    public T Get<T>(uint request, string name)
        where T : unmanaged
    {
        T value;
        Call(request, &value, name);
        return value;
    }

    /// <summary>Sets a structure of the processor's state.</summary>
    public void Set<T>(uint request, T value, string name)
        where T : unmanaged => Call(request, &value, name);

    /// <summary>Runs the guest until something is asked of the caller, <see cref="KvmExitReason.Intr"/> when <see cref="Kick"/> made it return.</summary>
    public KvmExitReason Run()
    {
        // A system call for each run would cost as much as all else here.
        if (_managedThread != Environment.CurrentManagedThreadId)
        {
            _managedThread = Environment.CurrentManagedThreadId;
            Volatile.Write(ref _thread, Libc.gettid());
        }

        while (Libc.ioctl_run(_descriptor, _run, 0) < 0)
        {
            // EAGAIN: a processor that waited for its start-up message has had one.
            if (Marshal.GetLastPInvokeError() is not (Libc.EINTR or Libc.EAGAIN))
            {
                throw HostException.Last("KVM_RUN");
            }

            if (Volatile.Read(ref _page->ImmediateExit) != 0)
            {
                // Whoever kicked said before why; that is read after this.
                Volatile.Write(ref _page->ImmediateExit, 0);
                Interlocked.MemoryBarrier();
                return KvmExitReason.Intr;
            }
        }

        return _page->ExitReason;
    }

    /// <summary>Makes <see cref="Run"/> return. Any thread, at any time.</summary>
    public void Kick()
    {
        lock (_kickLock)
        {
            if (!_disposed)
            {
                Volatile.Write(ref _page->ImmediateExit, 1);
                Interlocked.MemoryBarrier();
                KickSignal.Send(Volatile.Read(ref _thread));
            }
        }
    }

    /// <summary>Sets what CPUID says, before anything else.</summary>
    /// <param name="cpuid">struct kvm_cpuid2.</param>
    public void SetCpuid(ReadOnlySpan<byte> cpuid)
    {
        fixed (byte* leaves = cpuid)
        {
            Call(KvmRequests.KVM_SET_CPUID2, leaves, "KVM_SET_CPUID2");
        }
    }

    /// <summary>Sets model-specific registers.</summary>
    /// <returns>How many: fewer where KVM refuses the one that comes next.</returns>
    public int SetMsrs(ReadOnlySpan<KvmMsrEntry> entries)
    {
        byte* buffer = stackalloc byte[sizeof(KvmMsrsHeader) + (entries.Length * sizeof(KvmMsrEntry))];
        *(KvmMsrsHeader*)buffer = new KvmMsrsHeader { Count = (uint)entries.Length };
        entries.CopyTo(new Span<KvmMsrEntry>(buffer + sizeof(KvmMsrsHeader), entries.Length));
        return KvmSystem.Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_SET_MSRS, buffer), "KVM_SET_MSRS");
    }

    /// <summary>Reads model-specific registers, whose numbers the entries have.</summary>
    /// <returns>How many: fewer where KVM refuses the one that comes next.</returns>
    public int GetMsrs(Span<KvmMsrEntry> entries)
    {
        byte* buffer = stackalloc byte[sizeof(KvmMsrsHeader) + (entries.Length * sizeof(KvmMsrEntry))];
        *(KvmMsrsHeader*)buffer = new KvmMsrsHeader { Count = (uint)entries.Length };
        Span<KvmMsrEntry> answers = new(buffer + sizeof(KvmMsrsHeader), entries.Length);
        entries.CopyTo(answers);
        int count = KvmSystem.Check(Libc.ioctl_pointer(_file, KvmRequests.KVM_GET_MSRS, buffer), "KVM_GET_MSRS");
        answers[..count].CopyTo(entries);
        return count;
    }

    /// <summary>The TSC's frequency.</summary>
    public uint TscKhz => (uint)KvmSystem.Check(Libc.ioctl(_file, KvmRequests.KVM_GET_TSC_KHZ, 0), "KVM_GET_TSC_KHZ");

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
        lock (_kickLock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _ = Libc.munmap(_page, _pageLength);
        _file.Dispose();
    }

    private void Call(uint request, void* argument, string name) =>
        KvmSystem.Check(Libc.ioctl_pointer(_file, request, argument), name);
}
