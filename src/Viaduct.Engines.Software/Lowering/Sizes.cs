using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>Chooses among handlers by operand size.</summary>
internal static unsafe class Sizes
{
    internal static delegate*<SoftwareCpu, CpuState*, Op*, Op*> Choose(
        int bytes,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> for8,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> for16,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> for32,
        delegate*<SoftwareCpu, CpuState*, Op*, Op*> for64) => bytes switch
        {
            1 => for8,
            2 => for16,
            4 => for32,
            8 => for64,
            _ => null,
        };
}
