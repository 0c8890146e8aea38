using Viaduct.Engines.Kvm.Oracle;
using Viaduct.Engines.Software.Decoding;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Tests.Oracle;

public sealed unsafe class InstructionOracleTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public void SoftwareEngine_DoesWhatTheProcessorDoes(ulong seed, bool translates)
    {
        KvmAvailability.SkipUnlessPresent();
        SoftwareEngineOptions options = new() { Translates = translates && SoftwareEngineOptions.CanTranslate, TranslateAfter = 0 };
        using KvmImageRunner processor = new();
        using EngineImageRunner engine = new((memory, ports) => new SoftwareEngine(memory, ports, 1, options));
        InstructionOracle oracle = new(processor, engine, SupportedInstructions.Contains, seed, null);

        OracleReport report = Run(oracle, 0, 8192);

        Assert.Null(report.Failure);
        Assert.True(report.Mismatched == 0, string.Join('\n', report.Mismatches.Select(m => m.Text)));
        Assert.Equal(8192, report.Cases);
        Assert.True(report.ByMnemonic.Count > 100);
    }

    [Fact]
    public void CaseThatAHypervisorRefuses_IsNoDifference()
    {
        KvmAvailability.SkipUnlessPresent();
        using KvmImageRunner processor = new();
        using EngineImageRunner engine = new(static (memory, ports) => new SoftwareEngine(memory, ports, 1));
        InstructionOracle oracle = new(processor, engine, SupportedInstructions.Contains, 77, null);

        // A store that KVM has to map the page for, then PUNPCKHBW, behind a stack pointer that isn't canonical.
        OracleReport report = Run(oracle, 3050, 1);

        Assert.Null(report.Failure);
        Assert.True(report.Mismatched == 0, string.Join('\n', report.Mismatches.Select(m => m.Text)));
        Assert.Equal(1, report.Cases);
    }

    [Theory]
    [InlineData(0x0000_7FFF_FFFF_F000, 1)]
    [InlineData(unchecked((long)0xFFFF_8000_0000_0000), 1)]
    [InlineData(0x0000_8000_0000_0000, 0)]
    [InlineData(unchecked((long)0xFFFF_7FFF_FFFF_FFFF), 0)]
    public void UndefinedOpcodeThatTheEngineMisses_IsADifference_UnlessTheStackPointerIsNotCanonical(long stackPointer, int differences)
    {
        const ulong Place = OracleLayout.Slots + OracleLayout.SlotEntry;
        const ulong UndefinedOpcode = 6;
        byte[] code = [0x0F, 0x68, 0x0E];
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(64, code, Place);
        TestCase test = new(0, Iced.Intel.Mnemonic.Punpckhbw, code, [decoder.Decode()], 0, 0, 0, []);
        using HostMemory expected = new("expected", OracleLayout.MemoryLength);
        using HostMemory actual = new("actual", OracleLayout.MemoryLength);
        CaseRecord* processor = OracleImage.Record(expected, 0);
        CaseRecord* engine = OracleImage.Record(actual, 0);
        processor->Vector = UndefinedOpcode;
        processor->FaultRip = Place;
        processor->After.Registers[4] = engine->After.Registers[4] = (ulong)stackPointer;
        engine->Vector = OracleLayout.NoVector;

        List<Difference> found = [];
        CaseComparer.Compare(test, expected, actual, found);

        Assert.Equal(differences, found.Count);
    }

    [Fact]
    public void Cases_AreTheSameAgain_AloneAndInABatch()
    {
        KvmAvailability.SkipUnlessPresent();
        using KvmImageRunner one = new();
        using KvmImageRunner other = new();
        InstructionOracle batch = new(one, other, SupportedInstructions.Contains, 3, null);
        Assert.Equal(0, Run(batch, 0, 300).Mismatched);
        CaseRecord before = *OracleImage.Record(one.Memory, 299);

        InstructionOracle alone = new(one, other, SupportedInstructions.Contains, 3, null);
        Assert.Equal(1, Run(alone, 299, 1).Cases);

        CaseRecord after = *OracleImage.Record(one.Memory, 299);
        Assert.Equal(Convert.ToHexString(new ReadOnlySpan<byte>(&before, CaseRecord.Length)), Convert.ToHexString(new ReadOnlySpan<byte>(&after, CaseRecord.Length)));
    }

    [Fact]
    public void WrongResults_AreFound_AndSaid()
    {
        KvmAvailability.SkipUnlessPresent();
        using KvmImageRunner processor = new();
        using WrongRunner wrong = new();
        InstructionOracle oracle = new(processor, wrong, null, 4, "add");

        OracleReport report = Run(oracle, 0, 16);

        Assert.Equal(16, report.Cases);
        Assert.Equal(1, report.Mismatched);
        Assert.Equal(new MnemonicTally(16, 1), report.ByMnemonic["ADD"]);
        Difference difference = Assert.Single(report.Mismatches[0].Differences);
        Assert.Equal("R11", difference.Where);
        Assert.Contains("viaduct bench instructions --seed 4 --first 5 --cases 1 --filter add", report.Mismatches[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownInstruction_IsRefused()
    {
        using WrongRunner runner = new();
        Assert.Throws<ArgumentException>(() => new InstructionOracle(runner, runner, null, 1, "frobnicate"));
    }

    private static OracleReport Run(InstructionOracle oracle, ulong first, long count) =>
        oracle.Run(first, count, cancellation: TestContext.Current.CancellationToken);

    /// <summary>The real processor, but for one register of one case.</summary>
    private sealed class WrongRunner : IImageRunner
    {
        private const int WrongSlot = 5;
        private readonly KvmImageRunner? _runner;

        public WrongRunner()
        {
            try
            {
                _runner = new KvmImageRunner();
                Memory = _runner.Memory;
            }
            catch (Platform.Host.HostException)
            {
                Memory = new HostMemory("wrong", OracleLayout.MemoryLength);
            }
        }

        public HostMemory Memory { get; }

        public string? Run(ulong pageTable, ulong rip, ulong rsp)
        {
            string? failure = _runner!.Run(pageTable, rip, rsp);
            OracleImage.Record(Memory, WrongSlot)->After.Registers[11] ^= 0x10;
            return failure;
        }

        public void Dispose()
        {
            _runner?.Dispose();
            Memory.Dispose();
        }
    }
}
