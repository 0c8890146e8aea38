using System.Runtime.InteropServices;
using Viaduct.Engines.Software.FloatingPoint;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Compares what the host and the engine made of the same state.</summary>
internal static unsafe class X87Difference
{
    private const int EnvironmentPointers = 12;

    public static string? Find(in X87Image host, in X87Image ours, in X87Operation operation, int ulps)
    {
        fixed (X87Image* h = &host, o = &ours)
        {
            var expected = new ReadOnlySpan<byte>(h->After, X87Image.StateSize);
            var actual = new ReadOnlySpan<byte>(o->After, X87Image.StateSize);
            var expectedMemory = new ReadOnlySpan<byte>(h->Memory, 128);
            var actualMemory = new ReadOnlySpan<byte>(o->Memory, 128);
            if (Word(expected, 0) != Word(actual, 0))
            {
                return "control word";
            }

            // C1 is the processor's own after transcendental functions, and FFREE and FCOMI leave it or clear it.
            var ignored = ulps != 0 || operation.WritesFlags || operation.Kind == X87Kind.Free ? 0x200 : 0;
            if ((Word(expected, 4) & ~ignored) != (Word(actual, 4) & ~ignored))
            {
                return "status word";
            }

            if (Word(expected, 8) != Word(actual, 8) && ulps == 0)
            {
                return "tags";
            }

            for (var i = 0; i < 8; i++)
            {
                var at = 28 + (10 * i);
                if (!Near(expected.Slice(at, 10), actual.Slice(at, 10), ulps))
                {
                    return $"st({i})";
                }
            }

            if (!SameMemory(expectedMemory, actualMemory, in operation))
            {
                return "memory";
            }

            return (host.Flags & 0x45) != (ours.Flags & 0x45) ? "flags"
                : (ushort)host.Rax != (ushort)ours.Rax ? "ax"
                : null;
        }
    }

    public static string Describe(in X87Image before, in X87Image host, in X87Image ours)
    {
        fixed (X87Image* b = &before, h = &host, o = &ours)
        {
            return string.Join(
                Environment.NewLine,
                "   from " + Text(b->Before, b->Memory),
                "   host " + Text(h->After, h->Memory),
                "   ours " + Text(o->After, o->Memory));
        }
    }

    private static int Word(ReadOnlySpan<byte> bytes, int at) => MemoryMarshal.Read<ushort>(bytes[at..]);

    // Instruction and data pointers, opcode and selectors differ by nature.
    private static bool SameMemory(ReadOnlySpan<byte> host, ReadOnlySpan<byte> ours, in X87Operation operation)
    {
        if (operation.Format is X87Format.Environment32 or X87Format.State32)
        {
            return host[..EnvironmentPointers].SequenceEqual(ours[..EnvironmentPointers])
                && host[28..].SequenceEqual(ours[28..]);
        }

        return operation.Format is X87Format.Environment16 or X87Format.State16
            ? host[..6].SequenceEqual(ours[..6]) && host[14..].SequenceEqual(ours[14..])
            : host.SequenceEqual(ours);
    }

    private static bool Near(ReadOnlySpan<byte> x, ReadOnlySpan<byte> y, int ulps)
    {
        if (x.SequenceEqual(y))
        {
            return true;
        }

        if (ulps == 0)
        {
            return false;
        }

        var left = Order(x);
        var right = Order(y);
        return Word(x, 8) >> 15 == Word(y, 8) >> 15 && (left > right ? left - right : right - left) <= (ulong)ulps;
    }

    // Neighbours differ by one, across powers of two as well.
    private static UInt128 Order(ReadOnlySpan<byte> register) =>
        ((UInt128)(uint)(Word(register, 8) & 0x7FFF) << 63) + (MemoryMarshal.Read<ulong>(register) & long.MaxValue);

    private static string Text(byte* state, byte* memory)
    {
        var text = new System.Text.StringBuilder();
        var bytes = new ReadOnlySpan<byte>(state, X87Image.StateSize);
        text.Append($"cw {Word(bytes, 0):x4} sw {Word(bytes, 4):x4} tw {Word(bytes, 8):x4}");
        for (var i = 0; i < 8; i++)
        {
            var register = bytes[(28 + (10 * i))..];
            text.Append($" {Word(register, 8):x4}:{MemoryMarshal.Read<ulong>(register):x16}");
        }

        return text.Append($" mem {Convert.ToHexString(new ReadOnlySpan<byte>(memory, 28))}").ToString();
    }
}
