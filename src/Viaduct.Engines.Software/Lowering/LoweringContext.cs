using Viaduct.Engines.Software.Decoding;
using Viaduct.Engines.Software.State;

namespace Viaduct.Engines.Software.Lowering;

/// <summary>The op being filled, and the code size.</summary>
internal readonly unsafe ref struct LoweringContext(Op* op, int bitness, ref BlockFlow flow)
{
    private readonly ref BlockFlow _flow = ref flow;

    internal Op* Op => op;

    internal int Bitness => bitness;

    internal bool Is64 => bitness == 64;

    /// <summary>Takes a handler. True when there is one for the size that was asked.</summary>
    internal bool Use(delegate*<SoftwareCpu, CpuState*, Op*, Op*> handler)
    {
        op->Handler = handler;
        return handler != null;
    }

    /// <summary>Takes a handler that ends its block in a way that the instruction's kind doesn't show.</summary>
    internal bool Use(delegate*<SoftwareCpu, CpuState*, Op*, Op*> handler, BlockFlow flow)
    {
        _flow = flow;
        return Use(handler);
    }
}
