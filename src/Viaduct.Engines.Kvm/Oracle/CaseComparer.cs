using Iced.Intel;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Compares the results of a case in two memories.</summary>
internal static unsafe class CaseComparer
{
    private const ulong ComparedFlags = 0x27_5FD5;
    private const ulong RaisesErrorCode = (1 << 8) | (1 << 10) | (1 << 11) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 17);
    private const int StackPointer = 4;
    private const int UndefinedOpcode = 6;
    private const int StackFault = 12;
    private const int GeneralProtection = 13;
    private const int PageFault = 14;

    private static readonly string[] _names =
        ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"];

    /// <summary>Adds what differs to <paramref name="differences"/>; nothing when all is the same.</summary>
    public static void Compare(TestCase test, HostMemory expected, HostMemory actual, List<Difference> differences)
    {
        int slot = (int)(test.Index % OracleLayout.MaxCases);
        CaseRecord* a = OracleImage.Record(expected, slot);
        CaseRecord* b = OracleImage.Record(actual, slot);
        if (IsSame(a, b) || IsHypervisorsOwn(test, a, b) || IsRefusedByHypervisor(test, a, b))
        {
            return;
        }

        CompareException(a, b, differences);
        CompareRegisters(test, a, b, differences);
        CompareVectors(a, b, differences);
        if (!IsMmxFault(test, a) && !X87Tolerance.IsOpen(test, a->After.Fsw, b->After.Fsw))
        {
            CompareX87(test, a, b, differences);
        }

        CompareScratch(test, a, b, differences);
    }

    /// <summary>
    /// Whether the processor refuses as undefined what ran behind a stack pointer that isn't canonical. KVM without
    /// hardware virtualization can't return to user code with such an RSP: after any exit, say of a store to a page that
    /// it hasn't mapped yet, it interprets instructions until RSP is canonical again. Its interpreter hasn't the
    /// arithmetic of MMX, SSE and x87, and answers #UD.
    /// </summary>
    private static bool IsRefusedByHypervisor(TestCase test, CaseRecord* processor, CaseRecord* engine)
    {
        if (processor->Vector != UndefinedOpcode
            || (engine->Vector != OracleLayout.NoVector && engine->FaultRip <= processor->FaultRip)
            || IsCanonical(processor->After.Registers[StackPointer]))
        {
            return false;
        }

        foreach (Instruction instruction in test.Instructions)
        {
            if (instruction.IP == processor->FaultRip)
            {
                return !instruction.HasLockPrefix && Array.Exists(
                    instruction.CpuidFeatures,
                    static feature => feature is CpuidFeature.MMX or CpuidFeature.SSE or CpuidFeature.SSE2 or CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387);
            }
        }

        return false;
    }

    /// <summary>Whether bits 63 to 47 are all the same: four-level paging.</summary>
    private static bool IsCanonical(ulong address) => (long)(address << 16) >> 16 == (long)address;

    /// <summary>
    /// KVM without hardware virtualization tries to carry out what raised #GP or #SS itself. For instructions that it
    /// doesn't know it answers #UD or #PF, and FXRSTOR it gets wrong.
    /// </summary>
    private static bool IsHypervisorsOwn(TestCase test, CaseRecord* processor, CaseRecord* engine)
    {
        if (engine->Vector is not (StackFault or GeneralProtection))
        {
            return false;
        }

        foreach (Instruction instruction in test.Instructions)
        {
            if (instruction.IP != engine->FaultRip)
            {
                continue;
            }

            bool isUnknown = (instruction.Mnemonic == Mnemonic.Mov && instruction.Op1Register.IsSegmentRegister())
                || Array.Exists(instruction.CpuidFeatures, static feature => feature is not (CpuidFeature.INTEL8086 or CpuidFeature.INTEL386 or CpuidFeature.X64));
            bool hasIdleOverride = instruction.SegmentPrefix is Register.ES or Register.CS or Register.DS;
            return instruction.Mnemonic is Mnemonic.Fxrstor or Mnemonic.Fxrstor64
                || (isUnknown && processor->Vector is UndefinedOpcode or PageFault)
                || (hasIdleOverride && processor->Vector is StackFault or GeneralProtection);
        }

        return false;
    }

    /// <summary>Whether an MMX instruction faulted: whether the FPU's registers were MMX's by then is the processor's choice.</summary>
    private static bool IsMmxFault(TestCase test, CaseRecord* record) => record->Vector != OracleLayout.NoVector && Array.Exists(
        test.Instructions,
        static i => i.Op0Register.IsMM() || i.Op1Register.IsMM());

    private static bool IsSame(CaseRecord* a, CaseRecord* b)
    {
        return new ReadOnlySpan<byte>(a, CaseRecord.Length).SequenceEqual(new ReadOnlySpan<byte>(b, CaseRecord.Length));
    }

    private static void CompareException(CaseRecord* a, CaseRecord* b, List<Difference> differences)
    {
        if (a->Vector != b->Vector)
        {
            differences.Add(new Difference("exception", "", ExceptionAndPlace(a), ExceptionAndPlace(b)));
            return;
        }

        if (a->Vector == OracleLayout.NoVector)
        {
            return;
        }

        Add(differences, "RIP", "", a->FaultRip, b->FaultRip);
        if (((RaisesErrorCode >> (int)a->Vector) & 1) != 0)
        {
            Add(differences, $"error code of {Exception(a)}", "", a->ErrorCode, b->ErrorCode);
        }

        if (a->Vector == PageFault)
        {
            Add(differences, "CR2", "", a->FaultAddress, b->FaultAddress);
        }
    }

    private static string ExceptionAndPlace(CaseRecord* record) =>
        record->Vector == OracleLayout.NoVector ? Exception(record) : $"{Exception(record)} at {record->FaultRip:X}";

    private static string Exception(CaseRecord* record) => record->Vector switch
    {
        0 => "#DE",
        1 => "#DB",
        3 => "#BP",
        6 => "#UD",
        7 => "#NM",
        12 => "#SS",
        13 => "#GP",
        14 => "#PF",
        16 => "#MF",
        17 => "#AC",
        19 => "#XM",
        OracleLayout.NoVector => "none",
        _ => $"vector {record->Vector}",
    };

    private static void CompareRegisters(TestCase test, CaseRecord* a, CaseRecord* b, List<Difference> differences)
    {
        for (int i = 0; i < 16; i++)
        {
            Add(differences, _names[i], a->Before.Registers[i].ToString("X", null), a->After.Registers[i], b->After.Registers[i]);
        }

        ulong undefined = a->Vector == OracleLayout.NoVector ? test.UndefinedFlags : test.UndefinedFlagsAfterException;
        ulong mask = ComparedFlags & ~undefined;
        if (((a->After.Flags ^ b->After.Flags) & mask) != 0)
        {
            differences.Add(new Difference(
                "flags", FlagText(a->Before.Flags, ComparedFlags), FlagText(a->After.Flags, mask), FlagText(b->After.Flags, mask)));
        }
    }

    private static string FlagText(ulong flags, ulong mask)
    {
        (ulong Bit, string Name)[] names =
        [
            (0x1, "CF"), (0x4, "PF"), (0x10, "AF"), (0x40, "ZF"), (0x80, "SF"), (0x100, "TF"), (0x200, "IF"), (0x400, "DF"), (0x800, "OF"),
            (0x3000, "IOPL"), (0x4000, "NT"), (0x4_0000, "AC"), (0x20_0000, "ID"),
        ];
        return string.Join(' ', names.Where(n => (mask & n.Bit) != 0).Select(n => (flags & n.Bit) != 0 ? n.Name : "-"));
    }

    private static void CompareVectors(CaseRecord* a, CaseRecord* b, List<Difference> differences)
    {
        Add(differences, "MXCSR", a->Before.Mxcsr.ToString("X", null), a->After.Mxcsr, b->After.Mxcsr);
        for (int i = 0; i < 16; i++)
        {
            int low = 2 * i;
            if (a->After.Xmm[low] != b->After.Xmm[low] || a->After.Xmm[low + 1] != b->After.Xmm[low + 1])
            {
                differences.Add(new Difference(
                    $"XMM{i}", Pair(a->Before.Xmm + low), Pair(a->After.Xmm + low), Pair(b->After.Xmm + low)));
            }
        }

        static string Pair(ulong* value) => $"{value[1]:X16}_{value[0]:X16}";
    }

    private static void CompareX87(TestCase test, CaseRecord* a, CaseRecord* b, List<Difference> differences)
    {
        int tolerance = X87Tolerance.Of(test);
        int status = ~test.UndefinedStatus & ~(tolerance != 0 ? X87Tolerance.InexactStatus : 0);
        Add(differences, "FCW", a->Before.Fcw.ToString("X", null), a->After.Fcw, b->After.Fcw);
        Add(differences, "FSW", a->Before.Fsw.ToString("X", null), (ulong)(a->After.Fsw & status), (ulong)(b->After.Fsw & status));
        Add(differences, "FTW", a->Before.Ftw.ToString("X", null), a->After.Ftw, b->After.Ftw);
        for (int i = 0; i < 8; i++)
        {
            byte* left = a->After.St + (i * 16);
            byte* right = b->After.St + (i * 16);
            if (!X87Tolerance.IsSame(left, right, tolerance))
            {
                differences.Add(new Difference($"ST{i}", Text(a->Before.St + (i * 16)), Text(left), Text(right)));
            }
        }

        static string Text(byte* value) => $"{*(ushort*)(value + 8):X4}_{*(ulong*)value:X16}";
    }

    private static void CompareScratch(TestCase test, CaseRecord* a, CaseRecord* b, List<Difference> differences)
    {
        byte* left = a->Scratch;
        byte* right = b->Scratch;
        int first = -1;
        int last = -1;
        for (int i = 0; i < CaseRecord.ScratchLength; i++)
        {
            if (left[i] != right[i] && !IsIgnored(test, i))
            {
                first = first < 0 ? i : first;
                last = i;
            }
        }

        if (first >= 0)
        {
            int length = Math.Min(last - first + 1, 64);
            ulong address = OracleLayout.RecordAddress((int)(test.Index % OracleLayout.MaxCases)) + CaseRecord.ScratchOffset + (ulong)first;
            differences.Add(new Difference(
                $"memory at {address:X}",
                "",
                Convert.ToHexString(new ReadOnlySpan<byte>(left + first, length)),
                Convert.ToHexString(new ReadOnlySpan<byte>(right + first, length))));
        }
    }

    private static bool IsIgnored(TestCase test, int offset)
    {
        foreach (Range range in test.IgnoredMemory)
        {
            if (offset >= range.Start.Value && offset < range.End.Value)
            {
                return true;
            }
        }

        return false;
    }

    private static void Add(List<Difference> differences, string where, string before, ulong expected, ulong actual)
    {
        if (expected != actual)
        {
            differences.Add(new Difference(where, before, expected.ToString("X", null), actual.ToString("X", null)));
        }
    }
}
