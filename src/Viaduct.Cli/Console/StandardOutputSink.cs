using Viaduct.Emulated.Serial;

namespace Viaduct.Cli.Console;

/// <summary>A guest's serial output on standard output, byte for byte. A reader that went away doesn't disturb the guest.</summary>
internal sealed unsafe class StandardOutputSink : ISerialSink
{
    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            byte* next = start;
            nint left = bytes.Length;
            while (left > 0)
            {
                nint written = TerminalCalls.write(TerminalCalls.StandardOutput, next, (nuint)left);
                if (written <= 0)
                {
                    return;
                }

                next += written;
                left -= written;
            }
        }
    }
}
