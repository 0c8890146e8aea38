using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software;

/// <summary>How the software engine runs guest code.</summary>
public sealed record SoftwareEngineOptions
{
    /// <summary>Whether this host can run translated code: it is an x86-64 Linux.</summary>
    public static bool CanTranslate => RuntimeInformation.ProcessArchitecture == Architecture.X64 && OperatingSystem.IsLinux();

    /// <summary>Whether 64-bit code that is run often is translated to host code; everything is interpreted otherwise.</summary>
    public bool Translates { get; init; } = CanTranslate;

    /// <summary>What the processors have beyond what every guest is given.</summary>
    public ProcessorFeatures Features { get; init; }

    /// <summary>How often a block is interpreted before it is translated.</summary>
    public int TranslateAfter { get; init; } = 16;
}
