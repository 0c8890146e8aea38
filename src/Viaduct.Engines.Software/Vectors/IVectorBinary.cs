using System.Runtime.Intrinsics;

namespace Viaduct.Engines.Software.Vectors;

/// <summary>An operation that its handlers are made for, because user code is full of it; the mass goes through <see cref="SseInstructions"/>.</summary>
internal interface IVectorBinary
{
    static abstract Vector128<byte> Compute(Vector128<byte> a, Vector128<byte> b);
}
