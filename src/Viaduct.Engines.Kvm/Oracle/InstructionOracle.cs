using System.Runtime.InteropServices;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>
/// Checks an engine's instructions against the real processor: random cases run as user code under KVM and on the
/// engine, in batches that are the same guest to both, and all state that user code sees is compared.
/// </summary>
public sealed class InstructionOracle
{
    private const int TextsPerMnemonic = 3;

    private readonly IImageRunner _processor;
    private readonly IImageRunner _engine;
    private readonly InstructionForms _forms;
    private readonly CaseBuilder _builder;
    private readonly ulong _seed;
    private readonly string _filter;
    private readonly Dictionary<string, MnemonicTally> _tallies = new(StringComparer.Ordinal);
    private readonly List<Mismatch> _mismatches = [];
    private long _cases;
    private long _exceptions;
    private long _mismatched;

    /// <param name="processor">The real processor.</param>
    /// <param name="engine">What is compared with it.</param>
    /// <param name="isSupported">Which instruction forms the engine claims to have; null for all that the oracle knows.</param>
    /// <param name="seed">What the random choices begin with.</param>
    /// <param name="mnemonic">Only cases of this instruction; null for all.</param>
    /// <exception cref="ArgumentException">There is no such instruction.</exception>
    public InstructionOracle(IImageRunner processor, IImageRunner engine, InstructionFilter? isSupported, ulong seed, string? mnemonic)
    {
        _processor = processor;
        _engine = engine;
        _forms = new InstructionForms(isSupported, mnemonic);
        if (_forms.Groups.Length == 0)
        {
            throw new ArgumentException($"no instruction that can be checked is called '{mnemonic}'", nameof(mnemonic));
        }

        _builder = new CaseBuilder(_forms);
        _seed = seed;
        _filter = mnemonic is null ? "" : $" --filter {mnemonic}";
    }

    /// <summary>Runs cases.</summary>
    /// <param name="first">The first case's number.</param>
    /// <param name="count">How many.</param>
    /// <param name="progress">Told after each batch: cases so far, and mismatches among them.</param>
    /// <param name="cancellation">Ends the run after the batch.</param>
    public OracleReport Run(ulong first, long count, Action<long, long>? progress = null, CancellationToken cancellation = default)
    {
        string? failure = null;
        while (_cases < count && failure is null && !cancellation.IsCancellationRequested)
        {
            ulong begin = first + (ulong)_cases;
            int room = OracleLayout.MaxCases - (int)(begin % OracleLayout.MaxCases);
            failure = RunBatch(begin, (int)Math.Min(room, count - _cases));
            progress?.Invoke(_cases, _mismatched);
        }

        return new OracleReport(_cases, _forms.Count, _exceptions, _mismatched, _tallies, _mismatches, failure);
    }

    private string? RunBatch(ulong first, int count)
    {
        HostMemory memory = _processor.Memory;
        int slot = (int)(first % OracleLayout.MaxCases);
        OracleImage.WriteSystem(memory, slot, count);
        TestCase[] tests = new TestCase[count];
        for (int i = 0; i < count; i++)
        {
            tests[i] = _builder.Build(memory, _seed, first + (ulong)i);
        }

        CopyImage(memory, _engine.Memory);
        if (Run(_processor, slot, first) is { } processorFailure)
        {
            return $"on the processor, {processorFailure}";
        }

        if (Run(_engine, slot, first) is { } engineFailure)
        {
            return $"on the engine, {engineFailure}";
        }

        foreach (TestCase test in tests)
        {
            Compare(test);
        }

        return null;
    }

    private static unsafe void CopyImage(HostMemory from, HostMemory to) =>
        Buffer.MemoryCopy(from.Pointer, to.Pointer, OracleLayout.MemoryLength, OracleLayout.MemoryLength);

    private string? Run(IImageRunner runner, int slot, ulong first)
    {
        string? failure = runner.Run(OracleLayout.PageTable, OracleLayout.KernelCode, OracleLayout.KernelStackTop);
        ulong index = first + (ulong)(OracleImage.CurrentSlot(runner.Memory) - slot);
        return failure is null ? null : $"case {index}: {failure}; again: {Repeat(index)}";
    }

    private string Repeat(ulong index) => $"viaduct bench instructions --seed {_seed} --first {index} --cases 1{_filter}";

    private unsafe void Compare(TestCase test)
    {
        List<Difference> differences = [];
        CaseComparer.Compare(test, _processor.Memory, _engine.Memory, differences);
        CaseRecord* record = OracleImage.Record(_processor.Memory, (int)(test.Index % OracleLayout.MaxCases));
        bool differs = differences.Count != 0;
        string mnemonic = test.Mnemonic.ToString().ToUpperInvariant();
        ref MnemonicTally tally = ref CollectionsMarshal.GetValueRefOrAddDefault(_tallies, mnemonic, out _);
        tally = new MnemonicTally(tally.Cases + 1, tally.Mismatched + (differs ? 1 : 0));
        _cases++;
        _exceptions += record->Vector != OracleLayout.NoVector ? 1 : 0;
        if (!differs)
        {
            return;
        }

        _mismatched++;
        if (tally.Mismatched <= TextsPerMnemonic)
        {
            _mismatches.Add(new Mismatch(mnemonic, test.Index, MismatchText.Write(test, record, differences, Repeat(test.Index)), differences));
        }
    }
}
