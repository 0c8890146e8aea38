namespace Viaduct.Engines.Software.Segmentation;

/// <summary>Segment registers in encoding order, then the system ones.</summary>
internal static class SegmentName
{
    internal const int Es = 0;
    internal const int Cs = 1;
    internal const int Ss = 2;
    internal const int Ds = 3;
    internal const int Fs = 4;
    internal const int Gs = 5;
    internal const int Ldtr = 6;
    internal const int Tr = 7;
}
