using System.Runtime.InteropServices;
using Iced.Intel;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Lowering;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Translator;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>Makes blocks of ops from guest code, a block at a time, within a page.</summary>
internal sealed unsafe class BlockDecoder : IDisposable
{
    private const int MaxInstructions = 64;
    private const int MaxLength = 15;
    private const int MaxBytes = MaxInstructions * MaxLength;

    private readonly CodeCache _cache;
    private readonly MemoryUnit _memory;
    private readonly PageCodeReader _reader = new();
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;
    private readonly TranslatedCode? _translated;
    private readonly byte* _bytes = (byte*)NativeMemory.Alloc(MaxBytes);

    /// <param name="cache">Where ops go.</param>
    /// <param name="memory">Where code comes from.</param>
    /// <param name="translated">What translates blocks that are run often, if anything does.</param>
    internal BlockDecoder(CodeCache cache, MemoryUnit memory, TranslatedCode? translated)
    {
        _translated = translated;
        _cache = cache;
        _memory = memory;
        _decoder16 = Decoder.Create(16, _reader);
        _decoder32 = Decoder.Create(32, _reader);
        _decoder64 = Decoder.Create(64, _reader);
    }

    /// <summary>The op at a place in a page, decoded if it isn't yet. Null on a fault, which is recorded.</summary>
    /// <param name="page">The page.</param>
    /// <param name="linear">The address.</param>
    /// <param name="single">Only one instruction, and not to be kept: for single steps.</param>
    internal Op* Find(CodePage* page, ulong linear, bool single)
    {
        int offset = (int)(linear & 0xFFF);
        if (!single && page->Entries[offset] is uint known and not 0)
        {
            return _cache.Arena + known;
        }

        if (_cache.Hold(page))
        {
            _memory.ProtectPage(page->Host);
        }

        // While another processor may still store to the page unnoticed, what is decoded is good for once.
        bool keep = !single && _cache.MayKeep(page);
        int first = _cache.Next;
        bool hasHead = _translated is not null && page->Bitness == 64 && keep;
        int instructions = DecodeSteady(page, offset, single ? 1 : MaxInstructions, hasHead ? first + 1 : first, ref keep, out bool runsOn, out ulong granules);
        if (instructions == 0)
        {
            _cache.Next = first;
            return FindCrossing(page, linear);
        }

        if (!keep)
        {
            return _cache.Arena + first + (hasHead ? 1 : 0);
        }

        if (hasHead)
        {
            _translated!.Prepare(_cache.Arena + first, page, offset, instructions, runsOn);
        }

        page->Copied |= granules;
        page->Entries[offset] = (uint)first;
        return _cache.Arena + first;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_bytes);

    // Bytes are marked as decoded and then looked at again: a store that comes too late to be seen here finds the mark.
    private int DecodeSteady(CodePage* page, int offset, int most, int next, ref bool keep, out bool runsOn, out ulong granules)
    {
        const int Attempts = 4;
        byte* live = page->Host + offset;
        int room = Math.Min(CodePage.Size - offset, MaxBytes);
        for (int attempt = 1; ; attempt++)
        {
            CodeCache.Copy(page, offset, room);
            new ReadOnlySpan<byte>(page->Bytes + offset, room).CopyTo(new Span<byte>(_bytes, room));
            _cache.Next = next;
            int count = DecodeRun(page, offset, room, most, out runsOn, out int end);
            granules = (2UL << ((end - 1) / 64)) - (1UL << (offset / 64));
            if ((Volatile.Read(ref page->Watched->Granules) & granules) != granules)
            {
                Interlocked.Or(ref page->Watched->Granules, granules);
            }

            int length = end - offset;
            if (count == 0 || new ReadOnlySpan<byte>(live, length).SequenceEqual(new ReadOnlySpan<byte>(_bytes, length)))
            {
                return count;
            }

            // Where others write unseen the copy stays until the page is verified.
            if (attempt == Attempts || page->Bytes != page->Host)
            {
                keep = false;
                return count;
            }
        }
    }

    private int DecodeRun(CodePage* page, int offset, int room, int most, out bool runsOn, out int end)
    {
        runsOn = false;
        end = offset + 1;
        Decoder decoder = DecoderFor(page->Bitness);
        _reader.Set(_bytes, room);
        decoder.IP = (ulong)offset;
        int count = 0;
        int at = offset;
        bool last = false;
        bool shadow = false;
        while (true)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid && decoder.LastError == DecoderError.NoMoreBytes)
            {
                break;
            }

            Op* op = _cache.Arena + _cache.Next++;
            BlockFlow flow = Fill(op, instruction, at, count + 1, page->Bitness, _bytes + (at - offset));
            count++;
            at += op->Length;
            end = at;
            if (flow == BlockFlow.Ends)
            {
                return count;
            }

            shadow = flow == BlockFlow.EndsAfterNext;
            if (last || count == most || at >= CodePage.Size)
            {
                break;
            }

            last = shadow;
        }

        if (count != 0)
        {
            AddContinue(at, count, crossing: false, shadow);
            runsOn = true;
        }

        return count;
    }

    private Op* FindCrossing(CodePage* page, ulong linear)
    {
        byte* bytes = stackalloc byte[MaxLength + 1];
        int inPage = CodePage.Size - (int)(linear & 0xFFF);
        new ReadOnlySpan<byte>(page->Host + (linear & 0xFFF), Math.Min(inPage, MaxLength)).CopyTo(new Span<byte>(bytes, MaxLength));
        if (!_memory.FetchBytes(linear + (ulong)inPage, bytes + inPage, MaxLength - inPage))
        {
            return null;
        }

        byte* host = page->Host + (linear & 0xFFF);
        ReadOnlySpan<byte> span = new(bytes, MaxLength);
        if (_cache.TryGetCrossing(host, page->Bitness, span, out Op* known))
        {
            return known;
        }

        Decoder decoder = DecoderFor(page->Bitness);
        _reader.Set(bytes, MaxLength);
        decoder.IP = linear & 0xFFF;
        decoder.Decode(out Instruction instruction);
        int index = _cache.Next++;
        Op* op = _cache.Arena + index;
        BlockFlow flow = Fill(op, instruction, (int)(linear & 0xFFF), 1, page->Bitness, bytes);

        // Such a block outlives its page's, so its branches keep no link; outside 64-bit mode jumps and calls never do.
        if (instruction.FlowControl == FlowControl.ConditionalBranch
            || (page->Bitness == 64 && instruction.FlowControl is (FlowControl.UnconditionalBranch or FlowControl.Call)))
        {
            op->Extra2 = 1;
        }

        if (flow != BlockFlow.Ends)
        {
            AddContinue((int)(linear & 0xFFF) + op->Length, 1, crossing: true, flow == BlockFlow.EndsAfterNext);
        }

        _cache.SetCrossing(host, page->Bitness, span[..op->Length], index);
        return op;
    }

    private static BlockFlow Fill(Op* op, in Instruction instruction, int offset, int ordinal, int bitness, byte* bytes)
    {
        *op = default;
        op->PageOffset = (ushort)offset;
        op->Length = (byte)Math.Max(instruction.Length, 1);
        op->Ordinal = (byte)ordinal;
        if (instruction.IsInvalid && instruction.Length == MaxLength && IsTooLong(bytes, bitness))
        {
            op->Handler = &Privileged.TooLong;
            return BlockFlow.Ends;
        }

        return InstructionLowering.Lower(instruction, op, bitness);
    }

    // No instruction is longer than 15 bytes but by a superfluous prefix: without its first byte it is none that isn't
    // there, but one that 14 bytes don't hold.
    private static bool IsTooLong(byte* bytes, int bitness)
    {
        PageCodeReader reader = new();
        reader.Set(bytes + 1, MaxLength - 1);
        Decoder decoder = Decoder.Create(bitness, reader);
        decoder.Decode(out Instruction rest);
        return rest.IsInvalid && decoder.LastError == DecoderError.NoMoreBytes;
    }

    private void AddContinue(int offset, int count, bool crossing, bool shadow)
    {
        Op* end = _cache.Arena + _cache.Next++;
        *end = default;
        end->Handler = shadow ? &Branches.ContinueInShadow : &Branches.Jump;
        end->PageOffset = (ushort)offset;
        end->Immediate = (ulong)offset;
        end->Ordinal = (byte)count;
        end->Extra = shadow ? (byte)1 : (byte)0;
        end->Extra2 = crossing ? (byte)1 : (byte)0;
    }

    private Decoder DecoderFor(int bitness) => bitness switch
    {
        64 => _decoder64,
        32 => _decoder32,
        _ => _decoder16,
    };
}
