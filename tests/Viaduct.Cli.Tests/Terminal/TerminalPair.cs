using System.Runtime.InteropServices;
using System.Text;
using Viaduct.Cli.Console;

namespace Viaduct.Cli.Tests.Terminal;

/// <summary>A pseudo-terminal: the end that a test types at, and its other end, which a program has for standard input.</summary>
internal sealed unsafe class TerminalPair : IDisposable
{
    private const int NameLength = 64;

    private readonly int _keyboard;
    private readonly int _terminal;

    internal TerminalPair()
    {
        _keyboard = Check(TerminalPairCalls.posix_openpt(TerminalPairCalls.O_RDWR | TerminalPairCalls.O_NOCTTY | TerminalPairCalls.O_CLOEXEC));
        byte* name = stackalloc byte[NameLength];
        _ = Check(TerminalPairCalls.grantpt(_keyboard));
        _ = Check(TerminalPairCalls.unlockpt(_keyboard));
        _ = Check(TerminalPairCalls.ptsname_r(_keyboard, name, NameLength));
        Path = Marshal.PtrToStringUTF8((nint)name)!;
        _terminal = Check(TerminalPairCalls.open(name, TerminalPairCalls.O_RDWR | TerminalPairCalls.O_NOCTTY | TerminalPairCalls.O_CLOEXEC));
    }

    /// <summary>The terminal's path.</summary>
    internal string Path { get; }

    /// <summary>All settings, as hexadecimal digits.</summary>
    internal string Settings
    {
        get
        {
            TerminalCalls.Termios settings = default;
            _ = Check(TerminalCalls.tcgetattr(_terminal, &settings));
            return Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<TerminalCalls.Termios>(in settings)));
        }
    }

    /// <summary>What the settings would be, were the terminal made raw.</summary>
    internal string RawSettings
    {
        get
        {
            TerminalCalls.Termios settings = default;
            _ = Check(TerminalCalls.tcgetattr(_terminal, &settings));
            TerminalCalls.cfmakeraw(&settings);
            return Convert.ToHexString(MemoryMarshal.AsBytes(new ReadOnlySpan<TerminalCalls.Termios>(in settings)));
        }
    }

    internal void Type(string keys)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(keys);
        fixed (byte* first = bytes)
        {
            Assert.Equal(bytes.Length, TerminalCalls.write(_keyboard, first, (nuint)bytes.Length));
        }
    }

    public void Dispose()
    {
        _ = TerminalPairCalls.close(_terminal);
        _ = TerminalPairCalls.close(_keyboard);
    }

    private static int Check(int result) => result >= 0 ? result : throw new System.ComponentModel.Win32Exception(Marshal.GetLastPInvokeError());
}
