using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.Nvme;

/// <summary>
/// The register page of the controller (NVMe 1.4, 3.1). vCPUs only leave their wishes here; the worker takes them
/// (<see cref="TakeRequests"/>), acts, and says so in CSTS, which the host polls.
/// </summary>
internal sealed class NvmeRegisters : IAccessHandler
{
    /// <summary>CAP.TO. Nobody need wait for an offline controller.</summary>
    private const uint TimeoutMask = 0xFFu << 24;

    /// <summary>VS (3.1.2): 1.4.0.</summary>
    internal const uint Version14 = 0x0001_0400;
    private const uint Ready = 1 << 0;
    private const uint Fatal = 1 << 1;
    private const uint ShutdownMask = 3 << 2;
    private const uint ShutdownOccurring = 1 << 2;
    private const uint ShutdownComplete = 2 << 2;

    private readonly Lock _lock = new();
    private readonly Action _wake;
    private volatile bool _offline;
    private volatile ControlRequests _requests;
    private long _resetTicket;
    private uint _configuration;
    private uint _status;
    private uint _interruptMask;
    private AdminQueueSetup _setup;

    /// <param name="wake">Wakes the worker.</param>
    internal NvmeRegisters(Action wake) => _wake = wake;

    /// <summary>CAP (3.1.1): queues of so many entries, contiguous ones only, 30 s to become ready, doorbells 4 bytes apart, NVM command set, page sizes.</summary>
    internal static ulong Capabilities =>
        (NvmeLimits.QueueEntries - 1)
        | (1UL << 16)
        | (60UL << 24)
        | (1UL << 37)
        | ((ulong)(NvmeLimits.SmallestPageShift - 12) << 48)
        | ((ulong)(NvmeLimits.LargestPageShift - 12) << 52);

    /// <summary>Interrupt vectors (of pin-based interrupts) that the host masked.</summary>
    internal uint InterruptMask => Volatile.Read(ref _interruptMask);

    /// <summary>CSTS.CFS: nothing but a reset helps.</summary>
    internal bool Failed => (Volatile.Read(ref _status) & Fatal) != 0;

    /// <summary>CSTS.RDY.</summary>
    internal bool IsReady => (Volatile.Read(ref _status) & Ready) != 0;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if (offset % (ulong)size != 0)
        {
            return AccessStatus.Unaligned;
        }

        int dword = (int)offset & ~3;
        value = ReadDword(dword);
        if (size == 8)
        {
            value |= (ulong)ReadDword(dword + 4) << 32;
        }
        else if (size < 4)
        {
            value = (value >> (((int)offset & 3) * 8)) & ((1UL << (size * 8)) - 1);
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        if (size < 4)
        {
            return AccessStatus.InvalidSize;
        }

        if (offset % (ulong)size != 0)
        {
            return AccessStatus.Unaligned;
        }

        bool wake;
        lock (_lock)
        {
            WriteDword((int)offset, (uint)value);
            if (size == 8)
            {
                WriteDword((int)offset + 4, (uint)(value >> 32));
            }

            wake = _requests != ControlRequests.None;
        }

        if (wake)
        {
            _wake();
        }

        return AccessStatus.Done;
    }

    /// <summary>Function reset: registers as after power-on, and the worker is asked to follow.</summary>
    /// <returns>What <see cref="FinishReset"/> will return when that has happened, or more.</returns>
    internal long RequestFunctionReset()
    {
        long ticket;
        lock (_lock)
        {
            _configuration = 0;
            _setup = default;
            _requests |= ControlRequests.Reset;
            ticket = ++_resetTicket;
        }

        _wake();
        return ticket;
    }

    /// <summary>Takes what the host asked for since the last time. Worker.</summary>
    internal ControlRequests TakeRequests()
    {
        if (_requests == ControlRequests.None)
        {
            return ControlRequests.None;
        }

        lock (_lock)
        {
            ControlRequests requests = _requests;
            _requests = ControlRequests.None;
            return requests;
        }
    }

    /// <summary>CC and the admin queue registers as they stand. Worker.</summary>
    internal ControllerConfiguration ReadConfiguration(out AdminQueueSetup setup)
    {
        lock (_lock)
        {
            setup = _setup;
            return new ControllerConfiguration(_configuration);
        }
    }

    /// <summary>Says in CSTS that the reset is done: not ready, not failed, not shut down. Worker.</summary>
    /// <param name="offline">Whether this is an offline secondary controller, which says that it failed (NVMe 1.4, 8.5.3).</param>
    /// <returns>The last function reset that this one covers.</returns>
    internal long FinishReset(bool offline)
    {
        lock (_lock)
        {
            _offline = offline;
            _status = offline ? Fatal : 0;
            _interruptMask = 0;
            // A reset that was asked for meanwhile found nothing that this one doesn't undo.
            _requests &= ~ControlRequests.Reset;
            return _resetTicket;
        }
    }

    /// <summary>Sets CSTS.RDY. Worker.</summary>
    internal void SetReady() => ChangeStatus(Ready, Ready);

    /// <summary>Sets CSTS.CFS. Worker.</summary>
    internal void SetFailed() => ChangeStatus(Fatal, Fatal);

    /// <summary>Sets CSTS.SHST. Worker.</summary>
    internal void SetShutdown(bool complete) => ChangeStatus(ShutdownMask, complete ? ShutdownComplete : ShutdownOccurring);

    private void ChangeStatus(uint mask, uint value)
    {
        lock (_lock)
        {
            _status = (_status & ~mask) | value;
        }
    }

    private uint ReadDword(int offset) => offset switch
    {
        NvmeRegister.Capabilities => (uint)Capabilities & (_offline ? ~TimeoutMask : ~0u),
        NvmeRegister.Capabilities + 4 => (uint)(Capabilities >> 32),
        NvmeRegister.Version => Version14,
        NvmeRegister.InterruptMaskSet or NvmeRegister.InterruptMaskClear => InterruptMask,
        NvmeRegister.Configuration => Volatile.Read(ref _configuration),
        NvmeRegister.Status => Volatile.Read(ref _status),
        >= NvmeRegister.AdminQueueAttributes and < NvmeRegister.End => ReadSetup(offset),
        _ => 0,
    };

    private uint ReadSetup(int offset)
    {
        lock (_lock)
        {
            return offset switch
            {
                NvmeRegister.AdminQueueAttributes => _setup.Attributes,
                NvmeRegister.AdminSubmissionQueue => (uint)_setup.SubmissionBase,
                NvmeRegister.AdminSubmissionQueue + 4 => (uint)(_setup.SubmissionBase >> 32),
                NvmeRegister.AdminCompletionQueue => (uint)_setup.CompletionBase,
                _ => (uint)(_setup.CompletionBase >> 32),
            };
        }
    }

    private void WriteDword(int offset, uint value)
    {
        switch (offset)
        {
            case NvmeRegister.InterruptMaskSet:
                _interruptMask |= value;
                _requests |= ControlRequests.InterruptMask;
                break;
            case NvmeRegister.InterruptMaskClear:
                _interruptMask &= ~value;
                _requests |= ControlRequests.InterruptMask;
                break;
            case NvmeRegister.Configuration:
                WriteConfiguration(value & ControllerConfiguration.Writable);
                break;
            case NvmeRegister.AdminQueueAttributes:
                _setup = _setup with { Attributes = value & AdminQueueSetup.WritableAttributes };
                break;
            case NvmeRegister.AdminSubmissionQueue:
            case NvmeRegister.AdminSubmissionQueue + 4:
                _setup = _setup with { SubmissionBase = Merge(_setup.SubmissionBase, offset, value) };
                break;
            case NvmeRegister.AdminCompletionQueue:
            case NvmeRegister.AdminCompletionQueue + 4:
                _setup = _setup with { CompletionBase = Merge(_setup.CompletionBase, offset, value) };
                break;
            default:
                // Read-only, reserved, or NSSR, which CAP.NSSRS says isn't there: writes change nothing.
                break;
        }
    }

    private void WriteConfiguration(uint value)
    {
        bool disabled = new ControllerConfiguration(_configuration).Enabled && !new ControllerConfiguration(value).Enabled;
        _configuration = value;
        // Latched, so that a host that sets EN again at once can't make the worker miss the reset between.
        _requests |= ControlRequests.Configuration | (disabled ? ControlRequests.Reset : ControlRequests.None);
    }

    private static ulong Merge(ulong before, int offset, uint value) =>
        ((offset & 4) == 0 ? (before & ~0xFFFF_FFFFUL) | value : (uint)before | ((ulong)value << 32)) & AdminQueueSetup.WritableBase;
}
