using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Interrupts;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software.InterruptControllers;

/// <summary>
/// A processor's local APIC in xAPIC and x2APIC mode (Intel SDM vol. 3A chapter 11). Registers, acknowledgement and the
/// timer belong to the processor's thread; <see cref="Accept"/> and the other deliveries may come from any.
/// </summary>
/// <remarks>
/// The MMIO page is the same address for all processors, so the engine sends an access to the page at
/// <see cref="MmioBase"/> to the APIC of the processor that makes it, before it looks at the address space.
/// </remarks>
public sealed class LocalApic : IAccessHandler
{
    /// <summary>Where the MMIO page is after reset.</summary>
    public const ulong DefaultBase = 0xFEE0_0000;

    /// <summary>Bytes of the MMIO page.</summary>
    public const ulong MmioLength = 0x1000;

    private readonly ICpuKick _kick;
    private readonly InterruptRouter _router;
    private readonly ApicTimer _timer;
    private readonly ApicBase _base;
    private readonly ProcessorSignals _signals = new();
    private readonly InterruptCommand _command;
    private readonly VectorPriorities _vectors = new();
    private readonly LocalVectorTable _lvt = new();

    private IVectorSource? _external;
    private volatile uint _spurious;
    private volatile uint _logicalDestination;
    private volatile uint _destinationFormat;
    private uint _errorStatus;
    private uint _errorsSeen;

    /// <param name="id">The APIC ID.</param>
    /// <param name="bootstrap">Whether this is the bootstrap processor's.</param>
    /// <param name="clock">The timer's time.</param>
    /// <param name="kick">The processor.</param>
    /// <param name="router">Where interprocessor interrupts go and others come from; the APIC joins it.</param>
    public LocalApic(uint id, bool bootstrap, IEngineClock clock, ICpuKick kick, InterruptRouter router)
    {
        Id = id;
        _kick = kick;
        _router = router;
        _timer = new ApicTimer(clock);
        _base = new ApicBase(bootstrap);
        _command = new InterruptCommand(this, router);
        Reset();
        router.Add(this);
    }

    /// <summary>The APIC ID.</summary>
    public uint Id { get; }

    /// <summary>IA32_APIC_BASE (MSR 1BH) as it reads.</summary>
    public ulong BaseRegister => _base.Value;

    /// <summary>The guest physical address of the MMIO page.</summary>
    public ulong MmioBase => _base.Address;

    /// <summary>Whether the MMIO page is there: enabled and not in x2APIC mode.</summary>
    public bool IsMmioVisible => _base.IsMmioVisible;

    /// <summary>Whether IA32_APIC_BASE enables it.</summary>
    public bool IsEnabled => _base.IsEnabled;

    /// <summary>Whether the registers are MSRs 800H to 8FFH.</summary>
    public bool IsX2Apic => _base.IsX2Apic;

    /// <summary>The vector that the processor should take now if its IF allows, −1 when none. The processor's thread.</summary>
    public int PendingVector => _vectors.Pending;

    /// <summary>Whether an interrupt waits that the processor should take now if its IF allows. The processor's thread.</summary>
    public bool HasInterrupt => PendingVector >= 0 || IsExternalPending;

    /// <summary>When <see cref="CheckTimer"/> has something to do, in the clock's nanoseconds; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline => _timer.NextDeadline;

    /// <summary>Whether a non-maskable interrupt waits.</summary>
    public bool IsNmiPending => _signals.IsNmiPending;

    /// <summary>Whether an INIT or a start-up message waits.</summary>
    public bool IsResetPending => _signals.IsResetPending;

    /// <summary>CR8: bits 7 to 4 of the task priority.</summary>
    public uint Cr8
    {
        get => _vectors.TaskPriority >> 4;
        set => SetTaskPriority((value & 0xF) << 4);
    }

    /// <summary>What the guest's TSC is ahead of the engine's clock; the processor keeps it so when the guest writes its TSC.</summary>
    public long TscOffset
    {
        get => _timer.TscOffset;
        set => _timer.TscOffset = value;
    }

    /// <summary>IA32_TSC_DEADLINE (MSR 6E0H).</summary>
    public ulong TscDeadline
    {
        get => _timer.TscDeadline;
        set => _timer.TscDeadline = value;
    }

    /// <summary>The processor's priority, by which the lowest-priority destination is chosen. Any thread.</summary>
    internal uint ProcessorPriority => _vectors.ProcessorPriority;

    private void OpenExternal()
    {
        _spurious |= ApicRegister.SoftwareEnabled;
        _lvt.Write(ApicRegister.LvtLint0, (uint)DeliveryMode.External << 8, enabled: true);
    }

    private bool IsExternalPending => _external is { IsPending: true }
        && (!_base.IsEnabled || (_lvt[ApicRegister.LvtLint0] & (ApicRegister.LvtMasked | 0x700)) == (uint)DeliveryMode.External << 8);

    private bool IsSoftwareEnabled => (_spurious & ApicRegister.SoftwareEnabled) != 0;

    /// <summary>The state after power-on: xAPIC mode at <see cref="DefaultBase"/>.</summary>
    public void Reset()
    {
        _base.Reset();
        _signals.Clear();
        ResetRegisters();
        if (_external is not null)
        {
            OpenExternal();
        }
    }

    /// <summary>The state after INIT: as after power-on, but the base register stays (11.4.7.3).</summary>
    public void ResetRegisters()
    {
        _vectors.Clear();
        _lvt.Reset();
        _timer.Reset();
        _spurious = 0xFF;
        _logicalDestination = IsX2Apic ? X2ApicLogicalId : 0;
        _destinationFormat = uint.MaxValue;
        _command.Reset();
        _errorStatus = 0;
        Volatile.Write(ref _errorsSeen, 0);
    }

    /// <summary>Takes the vector that <see cref="PendingVector"/> shows from requested to in service. −1 when there is none.</summary>
    public int Acknowledge() => PendingVector < 0 && IsExternalPending ? _external!.Acknowledge() : _vectors.Acknowledge();

    /// <summary>Puts a controller with vectors of its own at pin LINT0, as firmware leaves it: open for the processor ("virtual wire mode", Intel MultiProcessor Specification 3.6.2.2).</summary>
    public void Attach(IVectorSource external)
    {
        _external = external;
        OpenExternal();
    }

    /// <summary>The attached controller may have an interrupt. Any thread.</summary>
    public void NoteExternal() => _kick.Kick();

    /// <summary>Raises the timer's interrupt when it is due.</summary>
    /// <param name="now">The clock's nanoseconds.</param>
    public void CheckTimer(long now)
    {
        if (now >= _timer.NextDeadline && _timer.Expire(now))
        {
            DeliverLocal(ApicRegister.LvtTimer);
        }
    }

    /// <summary>Takes the pending non-maskable interrupt. Several that came before it was taken are one.</summary>
    public bool TakeNmi() => _signals.TakeNmi();

    /// <summary>Whether this is the bootstrap processor's.</summary>
    public bool IsBootstrap => _base.IsBootstrap;

    /// <summary>Takes the pending INIT; the processor then resets itself and calls <see cref="ResetRegisters"/>.</summary>
    public bool TakeInit() => _signals.TakeInit();

    /// <summary>Takes the pending start-up message; a processor that doesn't wait for one drops it.</summary>
    /// <param name="vector">The page number of the first instruction, −1 when there was no message.</param>
    public bool TakeStartUp(out int vector) => _signals.TakeStartUp(out vector);

    /// <summary>A fixed interrupt arrives. Any thread.</summary>
    /// <param name="vector">0 to 255; below 16 is an error that the guest can read.</param>
    /// <param name="level">Level-triggered.</param>
    public void Accept(int vector, bool level)
    {
        if (!_base.IsEnabled || !IsSoftwareEnabled)
        {
            return;
        }

        if (vector < 16)
        {
            NoteError(ApicRegister.ReceiveIllegalVector);
            return;
        }

        if (_vectors.Request(vector, level))
        {
            _kick.Kick();
        }
    }

    /// <summary>A non-maskable interrupt arrives. Any thread.</summary>
    public void AcceptNmi()
    {
        _signals.RaiseNmi();
        _kick.Kick();
    }

    /// <summary>An INIT arrives. Any thread.</summary>
    public void AcceptInit()
    {
        _signals.RaiseInit();
        _kick.Kick();
    }

    /// <summary>A start-up message arrives. Any thread.</summary>
    public void AcceptStartUp(byte vector)
    {
        _signals.RaiseStartUp(vector);
        _kick.Kick();
    }

    /// <summary>Whether a message is for this APIC (11.6.2). Any thread.</summary>
    public bool Matches(in InterruptMessage message)
    {
        if (!_base.IsEnabled)
        {
            return false;
        }

        if (message.IsBroadcast)
        {
            return true;
        }

        if (!message.Logical)
        {
            return message.Destination == Id;
        }

        return LogicalDestination.Matches(_logicalDestination, _destinationFormat, IsX2Apic, message.Destination);
    }

    /// <summary>Writes IA32_APIC_BASE. False for #GP: reserved bits or a transition that figure 11-27 doesn't have.</summary>
    public bool TryWriteBase(ulong value)
    {
        bool wasEnabled = _base.IsEnabled;
        bool wasX2Apic = IsX2Apic;
        if (!_base.TryWrite(value))
        {
            return false;
        }

        if (_base.IsEnabled != wasEnabled)
        {
            ResetRegisters();
        }
        else if (IsX2Apic != wasX2Apic)
        {
            _logicalDestination = X2ApicLogicalId;
        }

        return true;
    }

    /// <summary>RDMSR of 800H plus <paramref name="index"/>. False for #GP.</summary>
    public bool TryReadRegister(uint index, out ulong value)
    {
        if (!IsX2Apic || index is ApicRegister.DestinationFormat or ApicRegister.ArbitrationPriority or ApicRegister.CommandHigh)
        {
            value = 0;
            return false;
        }

        if (index == ApicRegister.CommandLow)
        {
            value = ((ulong)_command.High << 32) | _command.Low;
            return true;
        }

        bool known = TryRead(index, out uint low);
        value = low;
        return known && index != ApicRegister.EndOfInterrupt;
    }

    /// <summary>WRMSR of 800H plus <paramref name="index"/>. False for #GP: no such register, read-only, or reserved bits.</summary>
    public bool TryWriteRegister(uint index, ulong value)
    {
        if (!IsX2Apic)
        {
            return false;
        }

        switch (index)
        {
            case ApicRegister.CommandLow:
                if ((value & 0xFFF3_3000) != 0)
                {
                    return false;
                }

                _command.High = (uint)(value >> 32);
                return TryWrite(index, (uint)value);
            case ApicRegister.SelfIpi:
                if (value > 0xFF)
                {
                    return false;
                }

                NoteIfIllegal(_command.TrySendSelf((byte)value));
                return true;
            case ApicRegister.LogicalDestination:
            case ApicRegister.DestinationFormat:
            case ApicRegister.CommandHigh:
                return false;
            default:
                return (value & ~(ulong)ApicRegister.X2ApicWritable(index)) == 0 && TryWrite(index, (uint)value);
        }
    }

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        if ((offset & 0xC) == 0)
        {
            if (!TryRead((uint)offset >> 4, out uint register))
            {
                NoteError(ApicRegister.IllegalRegister);
            }

            value = (register >> (int)((offset & 3) * 8)) & (ulong.MaxValue >> (64 - (size * 8)));
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        // Registers are written whole: other widths and places are undefined by 11.4.1, and ignored here.
        if (size >= 4 && (offset & 0xF) == 0 && !TryWrite((uint)offset >> 4, (uint)value))
        {
            NoteError(ApicRegister.IllegalRegister);
        }

        return AccessStatus.Done;
    }

    /// <summary>Writes the APIC's state. The processor stands still.</summary>
    internal void Save(StateWriter writer)
    {
        _base.Save(writer);
        _signals.Save(writer);
        _command.Save(writer);
        _vectors.Save(writer);
        _lvt.Save(writer);
        _timer.Save(writer);
        writer.Words([_spurious, _logicalDestination, _destinationFormat, _errorStatus, _errorsSeen]);
    }

    /// <summary>Takes a state that was saved, of an APIC of the same ID.</summary>
    internal void Restore(StateReader reader)
    {
        _base.Restore(reader);
        _signals.Restore(reader);
        _command.Restore(reader);
        _vectors.Restore(reader);
        _lvt.Restore(reader);
        _timer.Restore(reader);
        _spurious = reader.UInt32();
        _logicalDestination = reader.UInt32();
        _destinationFormat = reader.UInt32();
        _errorStatus = reader.UInt32();
        _errorsSeen = reader.UInt32();
    }

    private uint X2ApicLogicalId => ((Id >> 4) << 16) | (1u << (int)(Id & 0xF));

    private bool TryRead(uint index, out uint value)
    {
        switch (index)
        {
            case ApicRegister.Id:
                value = IsX2Apic ? Id : Id << 24;
                return true;
            case ApicRegister.Version:
                value = ApicRegister.VersionValue;
                return true;
            case ApicRegister.TaskPriority:
                value = _vectors.TaskPriority;
                return true;
            case ApicRegister.ArbitrationPriority:
            case ApicRegister.EndOfInterrupt:
                value = 0;
                return true;
            case ApicRegister.ProcessorPriority:
                value = _vectors.ProcessorPriority;
                return true;
            case ApicRegister.LogicalDestination:
                value = _logicalDestination;
                return true;
            case ApicRegister.DestinationFormat:
                value = _destinationFormat;
                return true;
            case ApicRegister.SpuriousVector:
                value = _spurious;
                return true;
            case >= ApicRegister.InService and < ApicRegister.InService + 8:
                value = _vectors.InService.Word((int)(index - ApicRegister.InService));
                return true;
            case >= ApicRegister.TriggerMode and < ApicRegister.TriggerMode + 8:
                value = _vectors.LevelTriggered.Word((int)(index - ApicRegister.TriggerMode));
                return true;
            case >= ApicRegister.InterruptRequest and < ApicRegister.InterruptRequest + 8:
                value = _vectors.Requests.Word((int)(index - ApicRegister.InterruptRequest));
                return true;
            case ApicRegister.ErrorStatus:
                value = _errorStatus;
                return true;
            case ApicRegister.CommandLow:
                value = _command.Low;
                return true;
            case ApicRegister.CommandHigh:
                value = _command.High;
                return true;
            case >= ApicRegister.LvtTimer and <= ApicRegister.LvtError:
                value = _lvt[index];
                return true;
            case ApicRegister.InitialCount:
                value = _timer.InitialCount;
                return true;
            case ApicRegister.CurrentCount:
                value = _timer.CurrentCount;
                return true;
            case ApicRegister.DivideConfiguration:
                value = _timer.DivideConfiguration;
                return true;
            default:
                value = 0;
                return false;
        }
    }

    private bool TryWrite(uint index, uint value)
    {
        switch (index)
        {
            case ApicRegister.TaskPriority:
                SetTaskPriority(value & 0xFF);
                return true;
            case ApicRegister.EndOfInterrupt:
                EndOfInterrupt();
                return true;
            case ApicRegister.LogicalDestination:
                _logicalDestination = value & 0xFF00_0000;
                return true;
            case ApicRegister.DestinationFormat:
                _destinationFormat = value | 0x0FFF_FFFF;
                return true;
            case ApicRegister.SpuriousVector:
                WriteSpurious(value);
                return true;
            case ApicRegister.ErrorStatus:
                _errorStatus = Interlocked.Exchange(ref _errorsSeen, 0);
                return true;
            case ApicRegister.CommandLow:
                NoteIfIllegal(_command.TrySend(value));
                return true;
            case ApicRegister.CommandHigh:
                _command.High = value & 0xFF00_0000;
                return true;
            case >= ApicRegister.LvtTimer and <= ApicRegister.LvtError:
                WriteLvt(index, value);
                return true;
            case ApicRegister.InitialCount:
                _timer.InitialCount = value;
                return true;
            case ApicRegister.DivideConfiguration:
                _timer.DivideConfiguration = value;
                return true;
            case ApicRegister.Id:
                // Read-only on every processor that has x2APIC; Linux writes it back on none.
                return !IsX2Apic;
            default:
                return false;
        }
    }

    private void WriteSpurious(uint value)
    {
        _spurious = value & 0x3FF;
        if (!IsSoftwareEnabled)
        {
            _lvt.MaskAll();
        }
    }

    private void WriteLvt(uint index, uint value)
    {
        _lvt.Write(index, value, IsSoftwareEnabled);
        if (index == ApicRegister.LvtTimer)
        {
            _timer.SetMode((ApicTimerMode)((value >> 17) & 3));
        }
    }

    private void NoteIfIllegal(bool sent)
    {
        if (!sent)
        {
            NoteError(ApicRegister.SendIllegalVector);
        }
    }

    private void EndOfInterrupt()
    {
        if (_vectors.TryEnd(out int vector, out bool level) && level)
        {
            _router.EndOfInterrupt(vector);
        }
    }

    private void DeliverLocal(uint index)
    {
        uint entry = _lvt[index];
        if ((entry & ApicRegister.LvtMasked) != 0)
        {
            return;
        }

        DeliveryMode mode = index is ApicRegister.LvtTimer or ApicRegister.LvtError ? DeliveryMode.Fixed : InterruptMessage.ModeOf(entry);
        InterruptRouter.DeliverTo(this, new InterruptMessage(mode, (byte)entry, false, false, Id, true));
    }

    private void NoteError(uint error)
    {
        uint before = Interlocked.Or(ref _errorsSeen, error);
        if ((before & error) == 0 && (byte)_lvt[ApicRegister.LvtError] >= 16)
        {
            DeliverLocal(ApicRegister.LvtError);
        }
    }

    private void SetTaskPriority(uint value)
    {
        _vectors.TaskPriority = value;
        if (_vectors.Pending >= 0)
        {
            _kick.Kick();
        }
    }
}
