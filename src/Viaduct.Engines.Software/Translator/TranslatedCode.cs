using System.Runtime.CompilerServices;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.Interpreter;
using Viaduct.Engines.Software.Mmu;
using Viaduct.Engines.Software.State;
using Viaduct.Engines.Software.SystemRegisters;

namespace Viaduct.Engines.Software.Translator;

/// <summary>
/// A processor's translated code. Each block of ops begins with one that counts how often the block is run; when that
/// is often enough it becomes one that enters the block's host code.
/// </summary>
internal sealed unsafe class TranslatedCode : IDisposable
{
    // Of all processors together, and of one.
    private const ulong AllBytes = 256 << 20;
    private const ulong MostBytes = 64 << 20;
    private const uint StatusByte = Rflags.Carry | Rflags.Parity | Rflags.Adjust | Rflags.Zero | Rflags.Sign;

    // Compared with, so it must be one address.
    private static readonly delegate*<SoftwareCpu, CpuState*, Op*, Op*> _entering = &Enter;

    private readonly CodeCache _cache;
    private readonly ExecutableMemory _memory;
    private readonly HostAssembler _assembler;
    private readonly BlockTranslator _translator;
    private readonly delegate* unmanaged[SuppressGCTransition]<CpuState*, byte*, uint> _enter;
    private readonly uint _threshold;
    private readonly int _firstBlock;

    /// <param name="cache">The decoded code.</param>
    /// <param name="threshold">How often a block is interpreted before it is translated.</param>
    /// <param name="processors">How many share the room for code.</param>
    internal TranslatedCode(CodeCache cache, int threshold, int processors)
    {
        _memory = new ExecutableMemory(Math.Min(MostBytes, AllBytes / (ulong)processors));
        _cache = cache;
        _threshold = (uint)threshold;
        _assembler = new HostAssembler(_memory);

        // Position zero stands for "nowhere".
        _assembler.Int32(0);
        Thunks thunks = new(_assembler);
        _enter = (delegate* unmanaged[SuppressGCTransition]<CpuState*, byte*, uint>)_assembler.Address(thunks.Enter);
        _translator = new BlockTranslator(_assembler, thunks, yields: processors > 1);
        _firstBlock = _assembler.Position;
    }

    /// <summary>Blocks translated since the start.</summary>
    internal long Blocks { get; private set; }

    /// <summary>Whether there may be no room for another block.</summary>
    internal bool IsFull => _assembler.Position > _memory.Length - BlockTranslator.Reserve;

    /// <summary>Drops everything; no block may be linked or looked up any more.</summary>
    internal void Reset() => _assembler.Position = _firstBlock;

    /// <summary>Fills the op that begins a block.</summary>
    /// <param name="head">The op.</param>
    /// <param name="page">The block's page.</param>
    /// <param name="offset">Where in the page the block begins.</param>
    /// <param name="instructions">How many instructions it has.</param>
    /// <param name="runsOn">Whether an op follows them that leads on.</param>
    internal void Prepare(Op* head, CodePage* page, int offset, int instructions, bool runsOn)
    {
        *head = default;
        head->Handler = &Count;
        head->Displacement = (long)page;
        head->PageOffset = (ushort)offset;
        head->Extra = (byte)instructions;
        head->Extra2 = runsOn ? (byte)1 : (byte)0;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private static Op* Count(SoftwareCpu cpu, CpuState* s, Op* head)
    {
        if (++head->Immediate <= cpu.Translated!._threshold)
        {
            return head + 1;
        }

        return cpu.Translated.Translate(s, head) ? Enter(cpu, s, head) : head + 1;
    }

    // The head of a block that can't be translated.
    private static Op* Pass(SoftwareCpu cpu, CpuState* s, Op* head) => head + 1;

    private static Op* Enter(SoftwareCpu cpu, CpuState* s, Op* head)
    {
        CodePage* page = (CodePage*)head->Displacement;
        return page->AccessMode == s->AccessMode ? cpu.Translated!.Run(cpu, s, head) : head + 1;
    }

    private bool Translate(CpuState* s, Op* head)
    {
        CodePage* page = (CodePage*)head->Displacement;
        if (IsFull || page->AccessMode != s->AccessMode)
        {
            return false;
        }

        Op* first = head + 1;
        int start = _translator.Translate(page, head->PageOffset, first, (uint)(first - _cache.Arena), head->Extra, head->Extra2 != 0);
        if (start < 0)
        {
            head->Handler = &Pass;
            return false;
        }

        Blocks++;
        page->Translated[head->PageOffset] = (uint)start;
        head->Link = _assembler.Address(start);
        head->Handler = _entering;
        return true;
    }

    private Op* Run(SoftwareCpu cpu, CpuState* s, Op* head)
    {
        byte* code = (byte*)head->Link;
        Op* next = head + 1;
        PackFlags(s);
        while (true)
        {
            long budget = s->Limit - s->Instructions;
            if (budget <= 0)
            {
                // What is left of the block is interpreted; its end looks at the time.
                UnpackFlags(s);
                return next;
            }

            s->Translated.Budget = budget;
            s->Translated.SseBlocked = (s->Cr0 & (Cr0.Emulation | Cr0.TaskSwitched)) | (~s->Cr4 & Cr4.FxsaveSupport);
            uint left = _enter(s, code);
            s->Instructions += budget - s->Translated.Budget;
            if (left == Thunks.LeftByJump)
            {
                UnpackFlags(s);
                return GoOn(s);
            }

            bool keepsFlags = (left & Thunks.KeepsFlags) != 0;
            if (!keepsFlags)
            {
                UnpackFlags(s);
            }

            Op* op = s->Arena + (left & ~(Thunks.LastOp | Thunks.KeepsFlags));
            next = op;
            do
            {
                next = next->Handler(cpu, s, next);
            }
            while (next == op);

            if (next != op + 1 || (left & Thunks.LastOp) != 0)
            {
                if (keepsFlags)
                {
                    UnpackFlags(s);
                }

                return next;
            }

            code = s->Translated.Resume;
            if (!keepsFlags)
            {
                PackFlags(s);
            }
        }
    }

    // A jump led to what isn't translated, or not linked yet, or time is up.
    private Op* GoOn(CpuState* s)
    {
        byte* jump = s->Translated.Resume;
        Op* next = Leave.To(s, s->Translated.Target);
        if (jump != null && next != null && (void*)next->Handler == _entering)
        {
            int displacement = (int)(jump - _memory.Executable);
            _assembler.Bind(displacement, (int)((byte*)next->Link - _memory.Executable));
        }

        return next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PackFlags(CpuState* s)
    {
        uint flags = Flags.Read(s);
        s->Translated.Flags = (((flags & StatusByte) | Rflags.AlwaysOne) << 8) | ((flags & Rflags.Overflow) != 0 ? 1u : 0u);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackFlags(CpuState* s)
    {
        uint packed = (uint)s->Translated.Flags;
        Flags.Write(s, ((packed >> 8) & StatusByte) | ((packed & 1) != 0 ? Rflags.Overflow : 0));
    }
}
