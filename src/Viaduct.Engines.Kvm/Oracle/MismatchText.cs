using System.Text;
using Iced.Intel;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Writes a mismatch for people: what ran, from what state, and what differs.</summary>
internal static unsafe class MismatchText
{
    private static readonly string[] _names =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    public static string Write(TestCase test, CaseRecord* record, IReadOnlyList<Difference> differences, string repeat)
    {
        StringBuilder text = new();
        IntelFormatter formatter = new();
        StringOutput output = new();
        int at = 0;
        foreach (Instruction instruction in test.Instructions)
        {
            formatter.Format(instruction, output);
            string bytes = Convert.ToHexString(test.Code.AsSpan(at, instruction.Length));
            text.Append(null, $"  {instruction.IP:X}  {bytes,-30}  {output.ToStringAndReset()}  ({instruction.Code})\n");
            at += instruction.Length;
        }

        for (int i = 0; i < 16; i++)
        {
            text.Append(null, $"{(i % 4 == 0 ? "  " : " ")}{_names[i]}={record->Before.Registers[i]:X16}{(i % 4 == 3 ? "\n" : "")}");
        }

        text.Append(null, $"  flags={record->Before.Flags:X} mxcsr={record->Before.Mxcsr:X} fcw={record->Before.Fcw:X} fsw={record->Before.Fsw:X} ftw={record->Before.Ftw:X}\n");
        foreach (Difference difference in differences)
        {
            string before = difference.Before.Length == 0 ? "" : $"was {difference.Before}, ";
            text.Append(null, $"  {difference.Where}: {before}processor {difference.Expected}, engine {difference.Actual}\n");
        }

        return text.Append(null, $"  again: {repeat}").ToString();
    }
}
