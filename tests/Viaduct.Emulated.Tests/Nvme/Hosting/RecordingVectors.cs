using Viaduct.Platform.Interrupts;

namespace Viaduct.Emulated.Tests.Nvme.Hosting;

internal sealed class RecordingVectors(int count) : IInterruptVectors
{
    public int[] Signals { get; } = new int[count];

    public int Count => Signals.Length;

    public void Signal(int vector) => Interlocked.Increment(ref Signals[vector]);
}
