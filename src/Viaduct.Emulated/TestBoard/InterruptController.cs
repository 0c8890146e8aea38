using System.Numerics;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Emulated.TestBoard;

/// <summary>An 8259A in its usual mode: edges, fixed priorities, ended by command or by itself. Rotation, polling and special masks aren't there.</summary>
internal sealed class InterruptController : IAccessHandler
{
    private const int Spurious = 7;
    private const ulong InitializationBegins = 1 << 4;
    private const ulong ReadCommand = 1 << 3;
    private const ulong EndSpecific = 3 << 5;
    private const ulong EndAny = 1 << 5;

    private readonly Lock _gate;
    private readonly Action _changed;
    private int _levels;
    private int _requests;
    private int _inService;
    private int _mask;
    private int _vector;
    private int _wordsToCome;
    private bool _fourthWord;
    private bool _firstWord;
    private bool _readsInService;
    private bool _endsItself;

    internal InterruptController(Lock gate, Action changed, int vector, int mask)
    {
        _gate = gate;
        _changed = changed;
        _vector = vector;
        _mask = mask;
    }

    /// <summary>The input that would be acknowledged next, −1 when none. Under the lock, as all below.</summary>
    internal int Highest
    {
        get
        {
            int waiting = _requests & ~_mask;
            int level = waiting == 0 ? 8 : BitOperations.TrailingZeroCount(waiting);
            return level < (_inService == 0 ? 8 : BitOperations.TrailingZeroCount(_inService)) ? level : -1;
        }
    }

    internal void Set(int level, bool asserted)
    {
        int bit = 1 << level;
        if (asserted && (_levels & bit) == 0)
        {
            _requests |= bit;
        }

        _levels = asserted ? _levels | bit : _levels & ~bit;
    }

    internal void Forget(int level) => _requests &= ~(1 << level);

    internal int Acknowledge()
    {
        int level = Highest;
        if (level < 0)
        {
            return Spurious;
        }

        _requests &= ~(1 << level);
        _inService |= _endsItself ? 0 : 1 << level;
        return level;
    }

    internal int VectorOf(int level) => _vector | level;

    /// <inheritdoc/>
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        lock (_gate)
        {
            value = (ulong)(offset == 1 ? _mask : _readsInService ? _inService : _requests);
        }

        return AccessStatus.Done;
    }

    /// <inheritdoc/>
    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        lock (_gate)
        {
            if (offset == 1)
            {
                WriteData((int)value & 0xFF);
            }
            else
            {
                WriteCommand(value);
            }

            _changed();
        }

        return AccessStatus.Done;
    }

    private void WriteCommand(ulong value)
    {
        if ((value & InitializationBegins) != 0)
        {
            _requests = _inService = _mask = 0;
            _readsInService = _endsItself = false;
            _fourthWord = (value & 1) != 0;
            _wordsToCome = (value & 2) != 0 ? 1 : 2;
            _wordsToCome += _fourthWord ? 1 : 0;
            _firstWord = true;
        }
        else if ((value & ReadCommand) != 0)
        {
            _readsInService = (value & 2) != 0 ? (value & 1) != 0 : _readsInService;
        }
        else if ((value & (7 << 5)) == EndSpecific)
        {
            _inService &= ~(1 << (int)(value & 7));
        }
        else if ((value & (7 << 5)) == EndAny)
        {
            _inService &= _inService - 1;
        }
    }

    private void WriteData(int value)
    {
        if (_wordsToCome == 0)
        {
            _mask = value;
            return;
        }

        _wordsToCome--;
        if (_firstWord)
        {
            _vector = value & 0xF8;
            _firstWord = false;
        }
        else if (_wordsToCome == 0 && _fourthWord)
        {
            _endsItself = (value & 2) != 0;
        }
    }
}
