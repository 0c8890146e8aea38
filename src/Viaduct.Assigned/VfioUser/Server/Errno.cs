namespace Viaduct.Assigned.VfioUser.Server;

/// <summary>The error numbers that replies carry.</summary>
internal static class Errno
{
    internal const int NoEntry = 2;
    internal const int NoMemory = 12;
    internal const int Busy = 16;
    internal const int Exists = 17;
    internal const int Invalid = 22;
    internal const int NotTerminal = 25;
    internal const int NoSpace = 28;
    internal const int NotSupported = 95;
}
