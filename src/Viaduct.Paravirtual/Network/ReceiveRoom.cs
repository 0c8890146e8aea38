namespace Viaduct.Paravirtual.Network;

/// <summary>Whether a frame has found its buffers.</summary>
internal enum ReceiveRoom
{
    /// <summary>It has.</summary>
    Enough,

    /// <summary>The driver has to add some first.</summary>
    NotYet,

    /// <summary>Those that it gave are too small for this frame.</summary>
    TooSmall,
}
