using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.FloatingPoint;

/// <summary>
/// Control instructions and the images of environment and state in memory: the protected mode layouts of SDM vol. 1,
/// figures 8-9 and 8-11. Code and data selectors read zero, as CPUID.7:EBX bit 13 announces.
/// </summary>
internal static class X87Control
{
    private const int RegisterBytes = 10;

    internal static void Execute(ref X87State state, in X87Operation operation, Span<byte> memory, ref X87Context context)
    {
        var isShort = operation.Format is X87Format.Environment16 or X87Format.State16;
        switch (operation.Kind)
        {
            case X87Kind.Initialize:
                state.Initialize();
                break;
            case X87Kind.ClearExceptions:
                const int Cleared = (int)FloatExceptions.All | X87Status.StackFault | X87Status.ErrorSummary | X87Status.Busy;
                state.Status = (ushort)(state.Status & ~Cleared);
                break;
            case X87Kind.LoadControl:
                state.Control = MemoryMarshal.Read<ushort>(memory);
                break;
            case X87Kind.StoreControl:
                MemoryMarshal.Write(memory, state.Control);
                break;
            case X87Kind.StoreStatus:
                MemoryMarshal.Write(memory, state.Status);
                break;
            case X87Kind.StoreStatusAx:
                context.Ax = state.Status;
                break;
            case X87Kind.LoadEnvironment:
                LoadEnvironment(ref state, memory, isShort);
                break;
            case X87Kind.StoreEnvironment:
                StoreEnvironment(in state, memory, isShort);
                state.Control |= (ushort)FloatExceptions.All;
                break;
            case X87Kind.SaveState:
                Save(ref state, memory, isShort);
                break;
            default:
                Restore(ref state, memory, isShort);
                break;
        }
    }

    private static void Save(ref X87State state, Span<byte> memory, bool isShort)
    {
        StoreEnvironment(in state, memory, isShort);
        var registers = memory[(isShort ? 14 : 28)..];
        for (var i = 0; i < 8; i++)
        {
            state.Read(i).Write(registers[(i * RegisterBytes)..]);
        }

        state.Initialize();
    }

    private static void Restore(ref X87State state, ReadOnlySpan<byte> memory, bool isShort)
    {
        LoadEnvironment(ref state, memory, isShort);
        var registers = memory[(isShort ? 14 : 28)..];
        for (var i = 0; i < 8; i++)
        {
            state.SetPhysical(state.Top + i, Float80.Read(registers[(i * RegisterBytes)..]));
        }
    }

    private static void StoreEnvironment(in X87State state, Span<byte> memory, bool isShort)
    {
        var tags = TagWord(in state);
        if (isShort)
        {
            ReadOnlySpan<ushort> words =
            [
                state.Control, state.Status, tags, (ushort)state.InstructionPointer, 0, (ushort)state.DataPointer, 0,
            ];
            MemoryMarshal.AsBytes(words).CopyTo(memory);
            return;
        }

        // Reserved upper halves read as ones.
        const uint Reserved = 0xFFFF_0000;
        ReadOnlySpan<uint> doublewords =
        [
            Reserved | state.Control, Reserved | state.Status, Reserved | tags, (uint)state.InstructionPointer,
            (uint)state.LastOpcode << 16, (uint)state.DataPointer, Reserved,
        ];
        MemoryMarshal.AsBytes(doublewords).CopyTo(memory);
    }

    private static void LoadEnvironment(ref X87State state, ReadOnlySpan<byte> memory, bool isShort)
    {
        var step = isShort ? 2 : 4;
        var tags = MemoryMarshal.Read<ushort>(memory[(2 * step)..]);
        byte valid = 0;
        for (var i = 0; i < 8; i++)
        {
            valid |= (byte)(((tags >> (2 * i)) & 3) == 3 ? 0 : 1 << i);
        }

        state.ValidRegisters = valid;
        state.InstructionPointer = Pointer(memory[(3 * step)..], isShort);
        state.DataPointer = Pointer(memory[(5 * step)..], isShort);
        state.LastOpcode = isShort ? (ushort)0 : MemoryMarshal.Read<ushort>(memory[18..]);
        state.Control = MemoryMarshal.Read<ushort>(memory);
        state.Status = MemoryMarshal.Read<ushort>(memory[step..]);
    }

    private static ulong Pointer(ReadOnlySpan<byte> memory, bool isShort) =>
        isShort ? MemoryMarshal.Read<ushort>(memory) : MemoryMarshal.Read<uint>(memory);

    // Valid 0, zero 1, special 2, empty 3, made anew from the registers.
    private static ushort TagWord(in X87State state)
    {
        var tags = 0;
        for (var i = 0; i < 8; i++)
        {
            var value = state.GetPhysical(i);
            var tag = (state.ValidRegisters & (1 << i)) == 0 ? 3
                : value.IsZero ? 1
                : value.Exponent is 0 or Float80.MaxExponent || value.IsUnsupported ? 2
                : 0;
            tags |= tag << (2 * i);
        }

        return (ushort)tags;
    }
}
