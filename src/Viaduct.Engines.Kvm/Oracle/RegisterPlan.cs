using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// The general registers a case starts with, and which of them are settled: those that an address or a count depends on
/// can't be chosen again, and those that an earlier instruction writes can't be known.
/// </summary>
internal sealed class RegisterPlan
{
    private readonly ulong[] _values = new ulong[16];
    private int _pinned;
    private int _written;

    /// <summary>The values, in encoding order.</summary>
    public ReadOnlySpan<ulong> Values => _values;

    public void Start(CaseRandom random)
    {
        _pinned = 0;
        _written = 0;
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] = random.Number();
        }
    }

    public ulong this[Register register] => _values[Number(register)];

    public bool IsWritten(Register register) => (_written & Bit(register)) != 0;

    /// <summary>Whether the value at the start of the instruction that is being added can still be chosen.</summary>
    public bool IsFree(Register register) => ((_pinned | _written) & Bit(register)) == 0;

    /// <summary>Chooses a register's value. False when it is settled otherwise.</summary>
    public bool TryPin(Register register, ulong value)
    {
        if (IsWritten(register) || (!IsFree(register) && this[register] != value))
        {
            return false;
        }

        _values[Number(register)] = value;
        _pinned |= Bit(register);
        return true;
    }

    /// <summary>Chooses a register's value if that is still possible.</summary>
    public void Suggest(Register register, ulong value)
    {
        if (IsFree(register))
        {
            _values[Number(register)] = value;
        }
    }

    public void NoteWritten(Register register)
    {
        if (register.IsGPR())
        {
            _written |= Bit(register);
        }
    }

    /// <summary>Pins and writes as they are now, to go back to when an instruction turns out not to fit.</summary>
    public Snapshot Save() => new([.. _values], _pinned, _written);

    public void Restore(Snapshot snapshot)
    {
        snapshot.Values.CopyTo(_values, 0);
        _pinned = snapshot.Pinned;
        _written = snapshot.Written;
    }

    private static int Number(Register register) => register.GetFullRegister() - Register.RAX;

    private static int Bit(Register register) => 1 << Number(register);

    internal readonly record struct Snapshot(ulong[] Values, int Pinned, int Written);
}
