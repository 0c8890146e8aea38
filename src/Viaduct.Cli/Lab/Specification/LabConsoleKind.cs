namespace Viaduct.Cli.Lab.Specification;

/// <summary>Where consoles may go.</summary>
internal enum LabConsoleKind
{
    /// <summary>Nowhere; its end is shown where the guest fails.</summary>
    None,

    /// <summary>This terminal.</summary>
    Stdio,

    /// <summary>A file.</summary>
    File,

    /// <summary>A UNIX socket to connect to.</summary>
    Socket,
}
