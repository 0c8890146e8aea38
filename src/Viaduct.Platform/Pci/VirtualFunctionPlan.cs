namespace Viaduct.Platform.Pci;

/// <summary>What one setting of VF Enable asked for. Each is an object of its own: enabling again is not the same.</summary>
/// <param name="Count">How many functions.</param>
/// <param name="First">From the physical function's routing ID to the first one's.</param>
/// <param name="Stride">From one's routing ID to the next one's.</param>
internal sealed record VirtualFunctionPlan(int Count, int First, int Stride)
{
    internal static readonly VirtualFunctionPlan None = new(0, 0, 0);

    /// <summary>From the physical function's routing ID to one's.</summary>
    internal int OffsetOf(int index) => First + (index * Stride);

    /// <summary>Whose routing ID lies this far from the physical function's; false when nobody's.</summary>
    internal bool TryGetIndex(int offset, out int index)
    {
        index = Stride == 0 ? 0 : Math.DivRem(offset - First, Stride, out _);
        return offset >= First && index < Count && OffsetOf(index) == offset;
    }
}
