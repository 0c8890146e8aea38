using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>The instruction forms that cases are made of: what user code may run and what gives the same result each time.</summary>
internal sealed class InstructionForms
{
    private static readonly HashSet<CpuidFeature> _features =
    [
        CpuidFeature.INTEL8086, CpuidFeature.INTEL186, CpuidFeature.INTEL286, CpuidFeature.INTEL386, CpuidFeature.INTEL486,
        CpuidFeature.X64, CpuidFeature.CMOV, CpuidFeature.CX8, CpuidFeature.CMPXCHG16B, CpuidFeature.FPU, CpuidFeature.FPU287,
        CpuidFeature.FPU387, CpuidFeature.MMX, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.FXSR, CpuidFeature.PAUSE,
        CpuidFeature.MULTIBYTENOP, CpuidFeature.CLFSH, CpuidFeature.CET_IBT,
    ];

    // Not here: what depends on the host or on time, what goes to the kernel, what the driver itself relies on, and what
    // processors of different makers do differently.
    private static readonly HashSet<Mnemonic> _excluded =
    [
        Mnemonic.INVALID, Mnemonic.Int, Mnemonic.Int1, Mnemonic.Into, Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Iretq,
        Mnemonic.Syscall, Mnemonic.Sysenter, Mnemonic.Sysexit, Mnemonic.Sysret, Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdpmc,
        Mnemonic.Hlt, Mnemonic.Retf, Mnemonic.Sgdt, Mnemonic.Sidt, Mnemonic.Sldt, Mnemonic.Str, Mnemonic.Smsw, Mnemonic.Lar,
        Mnemonic.Lsl, Mnemonic.Verr, Mnemonic.Verw, Mnemonic.Lss, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lds, Mnemonic.Les,
        Mnemonic.Fstpnce, Mnemonic.Ud0, Mnemonic.Ud1,
    ];

    private const int Trials = 24;
    private readonly HashSet<Code> _codes = [];
    private readonly InstructionFilter? _filter;

    /// <param name="filter">What the compared engine claims to have; null for all.</param>
    /// <param name="mnemonic">Only this one, in any case; null for all.</param>
    public InstructionForms(InstructionFilter? filter, string? mnemonic)
    {
        _filter = filter;
        foreach (Code code in Enum.GetValues<Code>())
        {
            if (IsCandidate(code))
            {
                _ = _codes.Add(code);
            }
        }

        CaseRandom random = new();
        random.Start(0, 0);
        _codes.RemoveWhere(code => !ComesOutOfDecoder(code.ToOpCode(), random));

        // By mnemonic, so that those with many forms don't crowd out the others.
        Groups = [.. _codes.Select(code => code.ToOpCode())
            .Where(o => mnemonic is null || string.Equals(o.Mnemonic.ToString(), mnemonic, StringComparison.OrdinalIgnoreCase))
            .GroupBy(o => o.Mnemonic)
            .Select(g => g.ToArray())];
        Count = Groups.Sum(g => g.Length);
    }

    /// <summary>The forms to choose from, by mnemonic.</summary>
    public OpCodeInfo[][] Groups { get; }

    /// <summary>How many forms there are.</summary>
    public int Count { get; }

    /// <summary>Whether an instruction that came out of the decoder may be run.</summary>
    public bool Contains(in Instruction instruction) => _codes.Contains(instruction.Code) && (_filter is null || _filter(instruction));

    private bool ComesOutOfDecoder(OpCodeInfo form, CaseRandom random)
    {
        byte[] bytes = new byte[32];
        for (int i = 0; i < Trials; i++)
        {
            RandomEncoding.Write(form, random, bytes);
            Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes));
            decoder.Decode(out Instruction instruction);
            if (instruction.Code == form.Code && (_filter is null || _filter(instruction)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsCandidate(Code code)
    {
        OpCodeInfo form = code.ToOpCode();
        return form.IsInstruction
            && form.Mode64
            && !form.Fwait
            && form.Encoding == EncodingKind.Legacy
            && !form.IsPrivileged
            && !form.IsInputOutput
            && !_excluded.Contains(form.Mnemonic)
            && code.CpuidFeatures().All(_features.Contains)
            && !HasOperand(form, static kind => kind is OpCodeOperandKind.farbr2_2 or OpCodeOperandKind.farbr4_2)
            && !IsFarOrSegmentLoad(form);
    }

    private static bool IsFarOrSegmentLoad(OpCodeInfo form) =>
        (form.Mnemonic is Mnemonic.Jmp or Mnemonic.Call && form.MemorySize is MemorySize.SegPtr16 or MemorySize.SegPtr32 or MemorySize.SegPtr64)
        || (form.Mnemonic == Mnemonic.Mov && form.Op0Kind is OpCodeOperandKind.seg_reg or OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg)
        || (form.Mnemonic == Mnemonic.Mov && form.Op1Kind is OpCodeOperandKind.cr_reg or OpCodeOperandKind.dr_reg)
        || (form.Mnemonic == Mnemonic.Pop && form.Op0Kind is OpCodeOperandKind.fs or OpCodeOperandKind.gs);

    private static bool HasOperand(OpCodeInfo form, Predicate<OpCodeOperandKind> matches)
    {
        for (int i = 0; i < form.OpCount; i++)
        {
            if (matches(form.GetOpKind(i)))
            {
                return true;
            }
        }

        return false;
    }
}
