using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.Segmentation;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Exceptions;

/// <summary>
/// A stack outside long mode while a frame is pushed on it. It need not be the processor's own yet: that takes over
/// <see cref="Pointer"/> when all went well.
/// </summary>
internal unsafe ref struct StackWriter
{
    private readonly CpuState* _state;
    private readonly MemoryUnit _memory;
    private readonly SegmentRegister _segment;
    private readonly ulong _mode;
    private readonly bool _typed;
    private readonly uint _error;

    /// <param name="state">The processor.</param>
    /// <param name="memory">Its memory.</param>
    /// <param name="segment">The stack segment.</param>
    /// <param name="pointer">ESP to begin with.</param>
    /// <param name="privilege">With whose rights memory is accessed.</param>
    /// <param name="typed">Whether the segment's type is checked.</param>
    /// <param name="error">The error code of #SS.</param>
    internal StackWriter(CpuState* state, MemoryUnit memory, in SegmentRegister segment, ulong pointer, int privilege, bool typed, uint error)
    {
        _state = state;
        _memory = memory;
        _segment = segment;
        _mode = privilege == 3 ? TlbEntry.User : TlbEntry.Supervisor;
        _typed = typed;
        _error = error;
        Pointer = (uint)pointer;
    }

    /// <summary>ESP.</summary>
    internal uint Pointer { get; private set; }

    /// <summary>Pushes a word of 2 or 4 bytes. False when a fault is recorded.</summary>
    internal bool Push(uint value, int size)
    {
        uint mask = (_segment.Attributes & Descriptor.Big) != 0 ? uint.MaxValue : ushort.MaxValue;
        uint offset = (Pointer - (uint)size) & mask;
        if (!_segment.Allows(offset, size, write: true, _typed))
        {
            _state->Fault = new Fault { Vector = Vector.StackFault, HasErrorCode = true, ErrorCode = _error };
            _state->Exit = ExitReason.Fault;
            return false;
        }

        ulong mode = _state->AccessMode;
        _memory.SetAccessMode(_mode);
        _state->Exit = ExitReason.Lookup;
        ulong address = (uint)(_segment.Base + offset);
        bool done = size == 2 ? _memory.StoreSlow(address, (ushort)value) : _memory.StoreSlow(address, value);
        _memory.SetAccessMode(mode);
        if (!done && _state->Exit != ExitReason.CodeModified)
        {
            return false;
        }

        Pointer = (Pointer & ~mask) | offset;
        return true;
    }
}
