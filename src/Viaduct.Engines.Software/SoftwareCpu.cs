using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Exceptions;
using Viaduct.Engines.Software.InterruptControllers;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;
using Viaduct.Engines.Software.Translator;
using Viaduct.Platform.AddressSpaces;
using Viaduct.Platform.Engines;
using Viaduct.Platform.Host;
using Viaduct.Platform.State;

namespace Viaduct.Engines.Software;

/// <summary>
/// One processor in software: looks code up, runs it, and between blocks sees to exceptions, interrupts, time and what
/// other threads ask.
/// </summary>
internal sealed unsafe class SoftwareCpu : IVirtualCpu, ICpuKick, IDisposable
{
    // Instructions between looks at the clock: some 100 microseconds.
    private const int Slice = 16384;

    // PAUSEs until it yields: with more processors than the host has, the one that is waited for may not be running.
    private const int CrowdedPauses = 32;
    private const int RoomyPauses = 1024;

    private readonly CpuState* _state;
    private readonly int _patience;
    private readonly IEngineClock _clock;
    private readonly EventFd _wake = new();
    private readonly AddressSpace _space;
    private readonly CodeWatch _watch;
    private readonly CodeMail _mail;
    private readonly CodeCache _code;
    private readonly BlockDecoder _decoder;
    private readonly Breakpoints _breakpoints = new();
    private string _description = "not started";
    private readonly MapFollower _map;
    private volatile bool _sleeping;
    private volatile bool _stopping;
    private volatile bool _disposed;
    private bool _waitsForStartUp;
    private bool _halted;
    private int _pauses;

    internal SoftwareCpu(int id, int processors, AddressSpace memory, AddressSpace ports, IEngineClock clock, InterruptRouter router, int? translateAfter = null, CodeWatch? watch = null, ProcessorGate? gate = null, ProcessorFeatures features = ProcessorFeatures.None)
    {
        _state = StateBlock.Allocate();
        _space = memory;
        _clock = clock;
        Ports = ports;
        ProcessorCount = processors;
        _patience = processors > Environment.ProcessorCount ? CrowdedPauses : RoomyPauses;
        Features = features;
        Apic = new LocalApic((uint)id, id == 0, clock, this, router);
        gate ??= new ProcessorGate();
        _map = new MapFollower(gate);
        gate.Join(_map, this);
        _watch = watch ?? new CodeWatch();
        _mail = new CodeMail(_map, this);
        _watch.Join(_mail);
        _code = new CodeCache(_watch, _mail, processors, translateAfter is not null);
        Translated = translateAfter is { } threshold ? new TranslatedCode(_code, threshold, processors) : null;
        Memory = new MemoryUnit(_state, new PhysicalMemory(memory), _map, _code, _mail, Apic, gate, _breakpoints);
        _decoder = new BlockDecoder(_code, Memory, Translated);
        Segments = new SegmentUnit(_state, Memory);
        Exceptions = new ExceptionUnit(_state, Memory, Segments);
        Msrs = new ModelSpecificRegisters(_state, Apic, clock, Memory, Segments, features);
        Control = new ControlRegisters(_state, Memory, Segments, Apic, _breakpoints, features);
        _state->Arena = _code.Arena;
        _waitsForStartUp = id != 0;
        InitState.PowerOn(this);
        memory.Changed += OnMapChanged;
    }

    /// <inheritdoc/>
    public int ApicId => (int)Apic.Id;

    /// <inheritdoc/>
    public long Instructions => Volatile.Read(ref _state->Instructions);

    /// <inheritdoc/>
    public bool HasBegun => Instructions != 0;

    internal CpuState* State => _state;

    internal MemoryUnit Memory { get; }

    internal SegmentUnit Segments { get; }

    internal ExceptionUnit Exceptions { get; }

    internal ModelSpecificRegisters Msrs { get; }

    internal ControlRegisters Control { get; }

    internal LocalApic Apic { get; }

    /// <summary>What the debug registers watch.</summary>
    internal Breakpoints Breakpoints => _breakpoints;

    internal AddressSpace Ports { get; }

    internal int ProcessorCount { get; }

    /// <summary>What it has beyond what every guest is given.</summary>
    internal ProcessorFeatures Features { get; }

    /// <summary>Host code of what is run often; null where everything is interpreted.</summary>
    internal TranslatedCode? Translated { get; }

    /// <summary>Whether an interrupt waits that would be taken now.</summary>
    internal bool HasInterrupt => Apic.IsNmiPending || ((_state->FlagsOther & Rflags.Interrupt) != 0 && Apic.HasInterrupt);

    /// <inheritdoc/>
    public void Boot(CpuBootState state)
    {
        BootState.Apply(this, state);
        _waitsForStartUp = false;
        _description = "running";
    }

    /// <summary>Writes the state. The processor has returned from <see cref="Run"/>.</summary>
    internal void Save(StateWriter writer)
    {
        writer.Boolean(_waitsForStartUp);
        writer.Boolean(_halted);
        CpuRecord.Save(this, writer);
    }

    /// <summary>Takes a state that was saved, before <see cref="Run"/>.</summary>
    internal void Restore(StateReader reader)
    {
        _waitsForStartUp = reader.Boolean();
        _halted = reader.Boolean();
        CpuRecord.Restore(this, reader);
        _description = "running";
    }

    /// <inheritdoc/>
    public CpuExit Run()
    {
        try
        {
            _map.Return();
            return RunUntilStopped();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            _description = $"the monitor failed at {Where()}: {error}";
            return CpuExit.InternalError;
        }
        finally
        {
            _map.Leave();
        }
    }

    /// <summary>A PAUSE: after some, another thread may have the host's processor.</summary>
    internal void Relax()
    {
        if (ProcessorCount > 1 && ++_pauses >= _patience)
        {
            _pauses = 0;
            _ = Thread.Yield();
        }
    }

    /// <summary>Waits until it can't reach memory any more by what the address space showed before its last change.</summary>
    internal void Synchronize() => _map.Wait();

    /// <inheritdoc/>
    public string Describe() => _description;

    /// <inheritdoc/>
    public void Stop()
    {
        _stopping = true;
        Kick();
    }

    /// <inheritdoc/>
    public void Kick()
    {
        if (_disposed)
        {
            // Memory outlives the processor and may still tell of writes.
            return;
        }

        Volatile.Write(ref _state->Limit, 0);
        Interlocked.MemoryBarrier();
        if (_sleeping)
        {
            _wake.Signal();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _space.Changed -= OnMapChanged;
        _decoder.Dispose();
        Memory.Dispose();
        _code.Dispose();
        Translated?.Dispose();
        _wake.Dispose();
        StateBlock.Free(_state);
    }

    /// <summary>Runs exactly one instruction, faults delivered as they would be. For single steps and for checks of the engine.</summary>
    /// <returns>False on a triple fault.</returns>
    internal bool Step()
    {
        _state->Limit = 0;
        Op* op = Find(single: true);
        if (op != null)
        {
            Execute(op);
        }

        return _state->Exit != ExitReason.Fault || Exceptions.Deliver(_state->Fault);
    }

    private CpuExit RunUntilStopped()
    {
        CpuState* s = _state;
        s->Limit = 0;
        while (true)
        {
            if (_waitsForStartUp)
            {
                WaitForStartUp();
            }
            else if (_halted && !_stopping)
            {
                // It was saved so.
                Sleep();
            }

            bool interruptible = (s->FlagsOther & Rflags.Interrupt) != 0 && Apic.HasInterrupt;
            if (s->Instructions >= s->Limit || interruptible)
            {
                if (_stopping)
                {
                    _description = "stopped";
                    _stopping = false;
                    return CpuExit.Stopped;
                }

                if (!Attend())
                {
                    return TripleFault();
                }
            }

            bool trap = (s->FlagsOther & Rflags.Trap) != 0;
            bool single = trap || s->InterruptShadow || _breakpoints.IsArmed;
            s->InterruptShadow = false;
            bool shadowed = s->TrapShadow;
            s->TrapShadow = false;
            if (single)
            {
                // Branches look at it before they go on.
                Volatile.Write(ref s->Limit, 0);
            }

            if (_breakpoints.IsArmed && !shadowed && MeetsBreakpoint())
            {
                if (!Exceptions.Deliver(new Fault { Vector = Vector.Debug }))
                {
                    return TripleFault();
                }

                continue;
            }

            Op* op = Find(single);
            if (op != null)
            {
                Execute(op);
            }

            switch (s->Exit)
            {
                case ExitReason.Fault:
                    // What a load of SS met comes after INT n; other faults make it forgotten.
                    bool isInterrupt = s->Fault is { Software: true, IsDebugInstruction: false };
                    uint met = _breakpoints.Take();
                    if (!Exceptions.Deliver(s->Fault) || (isInterrupt && met != 0 && !RaiseTrap(stepped: false, met)))
                    {
                        return TripleFault();
                    }

                    continue;
                case ExitReason.Halt:
                    Sleep();
                    break;
            }

            if (s->TrapsAtEnd)
            {
                // What changed the privilege by a flag image steps, or doesn't, as that says.
                s->TrapsAtEnd = false;
                trap = (s->FlagsOther & Rflags.Trap) != 0;
            }

            if ((trap || _breakpoints.Hits != 0) && !s->TrapShadow && !RaiseTrap(trap, _breakpoints.Take()))
            {
                return TripleFault();
            }
        }
    }

    private void Execute(Op* op)
    {
        CpuState* s = _state;
        s->Exit = ExitReason.Lookup;
        do
        {
            op = op->Handler(this, s, op);
        }
        while (op != null);
    }

    private Op* Find(bool single)
    {
        CpuState* s = _state;
        if (_code.IsFull || Translated is { IsFull: true })
        {
            DropAllCode();
        }

        s->Exit = ExitReason.Lookup;
        ulong linear = s->Rip + s->SegmentBases[SegmentName.Cs];
        if (!s->Long64)
        {
            linear = (uint)linear;
            if (s->Rip > s->Segments[SegmentName.Cs].Limit)
            {
                s->Fault = new Fault { Vector = Vector.GeneralProtection, HasErrorCode = true };
                s->Exit = ExitReason.Fault;
                return null;
            }
        }

        CodeTlbEntry* entry = s->CodeTlb + ((linear >> 12) & (CodeTlbEntry.Count - 1));
        CodePage* page = entry->Tag == ((linear & ~0xFFFUL) | s->FetchMode) ? entry->Page : Memory.Fetch(linear);
        s->Registers[17] = linear & ~0xFFFUL;
        return page == null ? null : _decoder.Find(page, linear, single);
    }

    // Sees to everything that may have come up since the last look. False on a triple fault.
    private bool Attend()
    {
        CpuState* s = _state;
        Volatile.Write(ref s->Limit, s->Instructions + Slice);
        Interlocked.MemoryBarrier();
        if (_stopping)
        {
            Volatile.Write(ref s->Limit, 0);
        }

        _map.StandAside();
        ReadMail();
        Memory.FollowMap();
        Memory.VerifiesCode = _code.HasUnseenWriters();
        if (Apic.IsResetPending)
        {
            TakeReset();
            return true;
        }

        if (Apic.NextDeadline != long.MaxValue)
        {
            Apic.CheckTimer(_clock.Nanoseconds);
        }

        if (s->InterruptShadow)
        {
            Volatile.Write(ref s->Limit, 0);
            return true;
        }

        if (Apic.IsNmiPending && !Exceptions.NmiBlocked && Apic.TakeNmi())
        {
            Memory.SerializeCode();
            return Exceptions.DeliverInterrupt(Vector.NonMaskable);
        }

        if ((s->FlagsOther & Rflags.Interrupt) != 0 && Apic.HasInterrupt)
        {
            Memory.SerializeCode();
            return Exceptions.DeliverInterrupt((byte)Apic.Acknowledge());
        }

        return true;
    }

    private void ReadMail()
    {
        long requests = _watch.Requests;
        if (_mail.IsEmpty)
        {
            _mail.Heed(requests);
            return;
        }

        _mail.Open();
        Memory.ProtectRequested();
        bool dropped = false;
        while (_mail.TryTakeChanged(out nuint host))
        {
            dropped |= _code.OnChanged((byte*)host);
        }

        if (dropped)
        {
            Memory.FlushCode();
        }

        _mail.Heed(requests);
    }

    // INIT stops the processor until a start-up message comes, which has no meaning to one that runs. The bootstrap
    // processor goes on where firmware would be.
    private void TakeReset()
    {
        if (Apic.TakeInit())
        {
            InitState.Init(this);
            _waitsForStartUp = !Apic.IsBootstrap;
        }
        else
        {
            _ = Apic.TakeStartUp(out _);
        }
    }

    private void WaitForStartUp()
    {
        _map.Leave();
        while (!_stopping && _waitsForStartUp)
        {
            _sleeping = true;
            Interlocked.MemoryBarrier();
            if (Apic.TakeInit())
            {
                InitState.Init(this);
            }

            if (Apic.TakeStartUp(out int page))
            {
                BootState.StartUp(this, (byte)page);
                _description = "running";
                _waitsForStartUp = false;
                break;
            }

            if (!_stopping)
            {
                _wake.Wait(-1);
            }
        }

        GoOn();
    }

    // After a sleep: others don't wait for a sleeper, so what they have to say comes first.
    private void GoOn()
    {
        _sleeping = false;
        _map.Return();
        Memory.FollowMap();
        ReadMail();
        Volatile.Write(ref _state->Limit, 0);
    }

    private void DropAllCode()
    {
        _code.Reset();
        Translated?.Reset();
        Memory.FlushAll();
    }

    // HLT: until an interrupt that would be taken, an NMI, or a request to stop.
    private void Sleep()
    {
        CpuState* s = _state;
        _halted = true;
        _map.Leave();
        while (!_stopping)
        {
            _sleeping = true;
            Interlocked.MemoryBarrier();

            long now = _clock.Nanoseconds;
            Apic.CheckTimer(now);
            bool interruptible = (s->FlagsOther & Rflags.Interrupt) != 0;
            if (Apic.IsResetPending || (interruptible && Apic.HasInterrupt) || (Apic.IsNmiPending && !Exceptions.NmiBlocked))
            {
                _halted = false;
                break;
            }

            if (_stopping)
            {
                break;
            }

            long deadline = Apic.NextDeadline;
            _wake.Wait(deadline == long.MaxValue ? -1 : Math.Max(0, deadline - now));
        }

        GoOn();
    }

    // Before an instruction that a breakpoint is on, unless RF says that it was met already.
    private bool MeetsBreakpoint()
    {
        CpuState* s = _state;
        bool resumes = (s->FlagsOther & Rflags.Resume) != 0;
        s->FlagsOther &= ~Rflags.Resume;
        ulong linear = s->Rip + s->SegmentBases[SegmentName.Cs];
        uint hits = resumes ? 0 : _breakpoints.OnFetch(s->Long64 ? linear : (uint)linear);
        if (hits == 0)
        {
            return false;
        }

        Control.DebugStatus = (Control.DebugStatus & ~0xFUL) | hits;
        return true;
    }

    // After an instruction: what it was stepped by, or met.
    private bool RaiseTrap(bool stepped, uint met)
    {
        const uint SingleStep = 1 << 14;
        Control.DebugStatus = (Control.DebugStatus & ~0xFUL) | met | (stepped ? SingleStep : 0);
        return Exceptions.Deliver(new Fault { Vector = Vector.Debug });
    }

    private CpuExit TripleFault()
    {
        _description = $"triple fault at {Where()}, last exception {_state->Fault.Vector} (error code {_state->Fault.ErrorCode:x}, CR2 {_state->Cr2:x})";
        return CpuExit.TripleFault;
    }

    private string Where() => $"RIP {_state->Segments[SegmentName.Cs].Selector:x}:{_state->Rip:x}";

    private void OnMapChanged()
    {
        _map.Announce();
        Kick();
    }
}
