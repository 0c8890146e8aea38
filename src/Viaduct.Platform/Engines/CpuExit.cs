namespace Viaduct.Platform.Engines;

/// <summary>Why a processor stopped.</summary>
public enum CpuExit
{
    /// <summary>Its owner asked it to.</summary>
    Stopped,

    /// <summary>A fault while delivering a double fault: the processor shut down (Intel SDM vol. 3A 6.15).</summary>
    TripleFault,

    /// <summary>The engine met something it cannot carry on from; the message says what.</summary>
    InternalError,
}
