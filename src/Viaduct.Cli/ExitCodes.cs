namespace Viaduct.Cli;

/// <summary>What the process's exit status says.</summary>
internal static class ExitCodes
{
    internal const int Success = 0;

    /// <summary>Something failed that is none of the below; the message says what.</summary>
    internal const int Failure = 1;

    /// <summary>An option or a file that it names can't be used.</summary>
    internal const int BadUsage = 2;

    /// <summary>The guest's kernel panicked.</summary>
    internal const int GuestPanic = 3;

    /// <summary>The guest's processor shut down: a triple fault.</summary>
    internal const int GuestTripleFault = 4;

    /// <summary>Another guest holds a device that was asked for; the message says who.</summary>
    internal const int DeviceHeld = 5;

    /// <summary>The user left, by Ctrl-A X, Ctrl-C or a signal.</summary>
    internal const int Interrupted = 130;
}
