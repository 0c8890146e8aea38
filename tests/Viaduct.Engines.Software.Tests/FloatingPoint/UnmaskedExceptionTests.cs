using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.FloatingPoint;
using Xunit;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Exceptions that aren't masked: which flags are left behind, and that the destination isn't to be written.</summary>
public sealed class UnmaskedExceptionTests
{
    private const uint AllMasked = 0x1F80;
    private const uint ZeroDivideMask = 1 << 9;
    private const uint UnderflowMask = 1 << 11;
    private const uint PrecisionMask = 1 << 12;

    [Fact]
    public void Commit_ZeroDivideInOneElement_HidesRoundingInAnother()
    {
        var mxcsr = AllMasked & ~ZeroDivideMask;
        var status = new FloatStatus(mxcsr);
        SseFloat.DivPs(Vector128.Create(1f, 1f, 1f, 1f).AsByte(), Vector128.Create(3f, 0f, 2f, 1f).AsByte(), ref status);

        Assert.False(status.Commit(ref mxcsr));
        Assert.Equal((uint)FloatExceptions.ZeroDivide, mxcsr & 0x3F);
    }

    [Fact]
    public void Commit_UnmaskedPrecision_IsReportedAndFaults()
    {
        var mxcsr = AllMasked & ~PrecisionMask;
        var status = new FloatStatus(mxcsr);
        SseFloat.DivPs(Vector128.Create(1f).AsByte(), Vector128.Create(3f).AsByte(), ref status);

        Assert.False(status.Commit(ref mxcsr));
        Assert.Equal((uint)FloatExceptions.Precision, mxcsr & 0x3F);
    }

    [Theory]
    [InlineData(AllMasked, true, 0u)]
    [InlineData(AllMasked & ~UnderflowMask, false, (uint)FloatExceptions.Underflow)]
    public void Commit_ExactTinyResult_UnderflowsOnlyIfUnmasked(uint control, bool written, uint flags)
    {
        var mxcsr = control;
        var status = new FloatStatus(mxcsr);
        var half = Vector128.CreateScalar(0.5f).AsByte();
        SseFloat.MulSs(Vector128.CreateScalar(0x00800000u).AsByte(), half, ref status);

        Assert.Equal(written, status.Commit(ref mxcsr));
        Assert.Equal(flags, mxcsr & 0x3F);
    }

    [Fact]
    public void Execute_WithPendingException_StopsWaitingInstructionsOnly()
    {
        var state = default(X87State);
        state.Initialize();
        state.Control = 0x37B;
        var context = default(X87Context);
        Run(ref state, new X87Operation { Kind = X87Kind.LoadConstant, Index = 0, Waits = true }, ref context);
        Run(ref state, new X87Operation { Kind = X87Kind.LoadConstant, Index = 6, Waits = true }, ref context);
        var divide = new X87Operation { Kind = X87Kind.Divide, Index = 1, ToRegister = true, Pops = 1, Waits = true };

        Assert.Equal(X87Outcome.Done, Run(ref state, divide, ref context));
        Assert.True(state.IsExceptionPending);
        Assert.Equal(X87Outcome.PendingException, Run(ref state, divide, ref context));
        Assert.Equal(X87Outcome.Done, Run(ref state, new X87Operation { Kind = X87Kind.StoreStatusAx }, ref context));
        Assert.Equal(0x8084, context.Ax & 0x80FF);
        Assert.Equal(X87Outcome.Done, Run(ref state, new X87Operation { Kind = X87Kind.ClearExceptions }, ref context));
        Assert.False(state.IsExceptionPending);
    }

    private static X87Outcome Run(ref X87State state, X87Operation operation, ref X87Context context) =>
        X87Unit.Execute(ref state, in operation, [], ref context);
}
