namespace Viaduct.Engines.Software.Translator;

/// <summary>
/// Where the guest's arithmetic flags are while a block is translated: in the host's own flags, in the state, or to be
/// had again from registers. They move only when something needs them elsewhere.
/// </summary>
internal sealed class FlagKeeper
{
    private readonly HostAssembler _code;

    internal FlagKeeper(HostAssembler code) => _code = code;

    /// <summary>Where they are.</summary>
    internal FlagPlace Place { get; set; }

    /// <summary>They are in the state, as at the start of each block.</summary>
    internal void SetInState() => Place = new FlagPlace { InState = true };

    /// <summary>The host's own flags are they from now on.</summary>
    internal void SetInHost(FlagSource source) => Place = new FlagPlace { InHost = true, Source = source };

    /// <summary>Brings them into the host's flags. Uses both scratch registers.</summary>
    internal void BringToHost()
    {
        if (Place.InHost)
        {
            return;
        }

        if (Place.InState)
        {
            Restore();
        }
        else
        {
            Recompute(Place.Source);
        }

        Place = Place with { InHost = true };
    }

    /// <summary>Brings them into the state. Uses both scratch registers.</summary>
    internal void BringToState()
    {
        if (Place.InState)
        {
            return;
        }

        BringToHost();
        Save();
        Place = Place with { InState = true };
    }

    /// <summary>Emits what brings flags from a place into the state, whatever is the place now.</summary>
    internal void Save(FlagPlace from)
    {
        FlagPlace now = Place;
        Place = from;
        BringToState();
        Place = now;
    }

    /// <summary>
    /// The host's flags are about to be overwritten, and the instruction may be left before it has done anything.
    /// </summary>
    /// <param name="written">Guest registers that the instruction writes.</param>
    /// <param name="over">Whether nothing can see these flags once the instruction is done.</param>
    internal void PrepareToLose(int written, bool over)
    {
        bool again = Place.Source.Kind != FlagSourceKind.None && (over || !Place.Source.Uses(written));
        if (!Place.InState && !again)
        {
            BringToState();
        }

        Place = Place with { InHost = false };
    }

    /// <summary>Registers change without the flags.</summary>
    internal void PrepareToWrite(int written, bool over)
    {
        if (!Place.InState && !Place.InHost && Place.Source.Uses(written) && !over)
        {
            BringToHost();
        }
    }

    /// <summary>Registers have changed without the flags.</summary>
    internal void Wrote(int written)
    {
        if (Place.Source.Uses(written))
        {
            // Where nothing has them any more nothing will ask.
            Place = Place with { Source = FlagSource.None, InState = Place.InState || !Place.InHost };
        }
    }

    /// <summary>From the state into the host's flags. Uses the second scratch register only.</summary>
    internal void Restore()
    {
        const int Sahf = 0x9E;
        _code.Move(HostRegisters.Second, HostRegisters.Rax);
        _code.Memory(0x0FB7, 4, HostRegisters.Rax, HostRegisters.State, StateOffsets.Flags);

        // AL is 1 with OF: one more than the largest positive byte overflows.
        _code.Byte(0x04);
        _code.Byte(127);
        _code.Byte(Sahf);
        _code.Move(HostRegisters.Rax, HostRegisters.Second);
    }

    private void Save()
    {
        const int Lahf = 0x9F;
        _code.Move(HostRegisters.Second, HostRegisters.Rax);
        _code.Byte(Lahf);

        // SETO AL
        _code.Byte(0x0F);
        _code.Byte(0x90);
        _code.Byte(0xC0);
        _code.Memory(0x89, 2, HostRegisters.Rax, HostRegisters.State, StateOffsets.Flags);
        _code.Move(HostRegisters.Rax, HostRegisters.Second);
    }

    private void Recompute(FlagSource source)
    {
        int left = source.Left;
        if (source.Kind is FlagSourceKind.Add or FlagSourceKind.Subtract || HostRegisters.IsInState(left))
        {
            if (HostRegisters.IsInState(left))
            {
                _code.Load(HostRegisters.First, HostRegisters.State, left * 8);
            }
            else
            {
                _code.Move(HostRegisters.First, HostRegisters.Of(left));
            }

            left = HostRegisters.First;
        }
        else
        {
            left = HostRegisters.Of(left);
        }

        int right = source.Right;
        if (right >= 0 && right == source.Left)
        {
            right = left;
        }
        else if (right >= 0 && HostRegisters.IsInState(right))
        {
            _code.Load(HostRegisters.Second, HostRegisters.State, right * 8);
            right = HostRegisters.Second;
        }
        else if (right >= 0)
        {
            right = HostRegisters.Of(right);
        }

        switch (source.Kind)
        {
            case FlagSourceKind.Compare:
                Operate(7, source, left, right);
                break;
            case FlagSourceKind.Add:
                Operate(5, source, left, right);
                Operate(0, source, left, right);
                break;
            case FlagSourceKind.Subtract:
                Operate(0, source, left, right);
                Operate(5, source, left, right);
                break;
            default:
                Test(source, left, right);
                break;
        }
    }

    private void Operate(int operation, FlagSource source, int left, int right)
    {
        if (right < 0)
        {
            _code.Immediate(operation, source.Size, left, source.Immediate);
            return;
        }

        _code.Registers((operation << 3) | (source.Size == 1 ? 0 : 1), source.Size, right, left);
    }

    private void Test(FlagSource source, int left, int right)
    {
        if (right >= 0)
        {
            _code.Registers(source.Size == 1 ? 0x84 : 0x85, source.Size, right, left);
            return;
        }

        // TEST has no form of the immediate group: AND of a copy gives the same flags.
        if (left != HostRegisters.First)
        {
            _code.Move(HostRegisters.First, left);
        }

        _code.Immediate(4, source.Size, HostRegisters.First, source.Immediate);
    }
}
