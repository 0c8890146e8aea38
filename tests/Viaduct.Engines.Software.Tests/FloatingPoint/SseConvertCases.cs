using System.Runtime.Intrinsics;
using Viaduct.Engines.Software.FloatingPoint;
using static Iced.Intel.AssemblerRegisters;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>Conversions.</summary>
internal static class SseConvertCases
{
    public static SseCase[] All { get; } =
    [
        new("cvtps2pd", OperandShape.Single, c => c.cvtps2pd(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPs2Pd(c.B, ref s)),
        new("cvtpd2ps", OperandShape.Double, c => c.cvtpd2ps(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPd2Ps(c.B, ref s)),
        new("cvtss2sd", OperandShape.Single, c => c.cvtss2sd(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSs2Sd(c.A, c.B, ref s)),
        new("cvtsd2ss", OperandShape.Double, c => c.cvtsd2ss(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSd2Ss(c.A, c.B, ref s)),
        new("cvtdq2ps", OperandShape.Integers, c => c.cvtdq2ps(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtDq2Ps(c.B, ref s)),
        new("cvtdq2pd", OperandShape.Integers, c => c.cvtdq2pd(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtDq2Pd(c.B)),
        new("cvtpi2ps xmm0, mm1", OperandShape.Integers, c => c.cvtpi2ps(xmm0, mm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPi2Ps(c.A, c.MmxB, ref s)),
        new("cvtpi2pd xmm0, mm1", OperandShape.Integers, c => c.cvtpi2pd(xmm0, mm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPi2Pd(c.MmxB)),
        new("cvtps2dq", OperandShape.Single, c => c.cvtps2dq(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPs2Dq(c.B, ref s)),
        new("cvtpd2dq", OperandShape.Double, c => c.cvtpd2dq(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtPd2Dq(c.B, ref s)),
        new("cvtps2pi mm0, xmm1", OperandShape.Single, c => c.cvtps2pi(mm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.MmxA = SseConvert.CvtPs2Pi(c.B, ref s)),
        new("cvtpd2pi mm0, xmm1", OperandShape.Double, c => c.cvtpd2pi(mm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.MmxA = SseConvert.CvtPd2Pi(c.B, ref s)),
        new("cvtss2si eax, xmm1", OperandShape.Single, c => c.cvtss2si(eax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (uint)SseConvert.CvtSs2Si32(c.B, ref s)),
        new("cvtss2si rax, xmm1", OperandShape.Single, c => c.cvtss2si(rax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (ulong)SseConvert.CvtSs2Si64(c.B, ref s)),
        new("cvtsd2si eax, xmm1", OperandShape.Double, c => c.cvtsd2si(eax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (uint)SseConvert.CvtSd2Si32(c.B, ref s)),
        new("cvtsd2si rax, xmm1", OperandShape.Double, c => c.cvtsd2si(rax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (ulong)SseConvert.CvtSd2Si64(c.B, ref s)),
        new("cvttps2dq", OperandShape.Single, c => c.cvttps2dq(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvttPs2Dq(c.B, ref s)),
        new("cvttpd2dq", OperandShape.Double, c => c.cvttpd2dq(xmm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvttPd2Dq(c.B, ref s)),
        new("cvttps2pi mm0, xmm1", OperandShape.Single, c => c.cvttps2pi(mm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.MmxA = SseConvert.CvttPs2Pi(c.B, ref s)),
        new("cvttpd2pi mm0, xmm1", OperandShape.Double, c => c.cvttpd2pi(mm0, xmm1), (ref SseContext c, ref FloatStatus s) => c.MmxA = SseConvert.CvttPd2Pi(c.B, ref s)),
        new("cvttss2si eax, xmm1", OperandShape.Single, c => c.cvttss2si(eax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (uint)SseConvert.CvttSs2Si32(c.B, ref s)),
        new("cvttss2si rax, xmm1", OperandShape.Single, c => c.cvttss2si(rax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (ulong)SseConvert.CvttSs2Si64(c.B, ref s)),
        new("cvttsd2si eax, xmm1", OperandShape.Double, c => c.cvttsd2si(eax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (uint)SseConvert.CvttSd2Si32(c.B, ref s)),
        new("cvttsd2si rax, xmm1", OperandShape.Double, c => c.cvttsd2si(rax, xmm1), (ref SseContext c, ref FloatStatus s) => c.Gpr = (ulong)SseConvert.CvttSd2Si64(c.B, ref s)),
        new("cvtsi2ss xmm0, eax", OperandShape.Integers, c => c.cvtsi2ss(xmm0, eax), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSi2Ss(c.A, (int)c.Gpr, ref s)),
        new("cvtsi2ss xmm0, rax", OperandShape.Integers, c => c.cvtsi2ss(xmm0, rax), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSi2Ss(c.A, (long)c.Gpr, ref s)),
        new("cvtsi2sd xmm0, eax", OperandShape.Integers, c => c.cvtsi2sd(xmm0, eax), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSi2Sd(c.A, (int)c.Gpr, ref s)),
        new("cvtsi2sd xmm0, rax", OperandShape.Integers, c => c.cvtsi2sd(xmm0, rax), (ref SseContext c, ref FloatStatus s) => c.A = SseConvert.CvtSi2Sd(c.A, (long)c.Gpr, ref s)),
    ];
}
