using Iced.Intel;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Lowering;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.Translator;

namespace Viaduct.Engines.Software.Decoding;

/// <summary>Makes blocks of ops from guest code, a block at a time, within a page.</summary>
internal sealed unsafe class BlockDecoder
{
    private const int MaxInstructions = 64;
    private const int MaxLength = 15;

    private readonly CodeCache _cache;
    private readonly MemoryUnit _memory;
    private readonly PageCodeReader _reader = new();
    private readonly Decoder _decoder16;
    private readonly Decoder _decoder32;
    private readonly Decoder _decoder64;
    private readonly TranslatedCode? _translated;

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

        if (*page->Watch == 0)
        {
            *page->Watch = 1;
            _memory.ProtectPage(page->Host);

            // A device that writes looks at the mark after: it finds it, or what it wrote is found here.
            Interlocked.MemoryBarrier();
        }

        CodeCache.Copy(page, offset, MaxInstructions * MaxLength);

        int first = _cache.Next;
        bool hasHead = _translated is not null && page->Bitness == 64 && !single;
        if (hasHead)
        {
            _cache.Next++;
        }

        int instructions = DecodeRun(page, offset, single ? 1 : MaxInstructions, out bool runsOn);
        if (instructions == 0)
        {
            return FindCrossing(page, linear);
        }

        if (hasHead)
        {
            _translated!.Prepare(_cache.Arena + first, page, offset, instructions, runsOn);
        }

        if (!single)
        {
            page->Entries[offset] = (uint)first;
        }

        return _cache.Arena + first;
    }

    private int DecodeRun(CodePage* page, int offset, int most, out bool runsOn)
    {
        runsOn = false;
        Decoder decoder = DecoderFor(page->Bitness);
        _reader.Set(page->Bytes + offset, CodePage.Size - offset);
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
            BlockFlow flow = Fill(op, instruction, at, count + 1, page->Bitness);
            for (int granule = at / 64; granule <= (at + op->Length - 1) / 64; granule++)
            {
                page->Granules |= 1UL << granule;
                page->Copied |= 1UL << granule;
            }

            count++;
            at += op->Length;
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
        BlockFlow flow = Fill(op, instruction, (int)(linear & 0xFFF), 1, page->Bitness);

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

    private static BlockFlow Fill(Op* op, in Instruction instruction, int offset, int ordinal, int bitness)
    {
        *op = default;
        op->PageOffset = (ushort)offset;
        op->Length = (byte)Math.Max(instruction.Length, 1);
        op->Ordinal = (byte)ordinal;
        return InstructionLowering.Lower(instruction, op, bitness);
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
