namespace Viaduct.Paravirtual.Console;

/// <summary>Where the guest's characters go, for several threads. When the reader is gone, the guest goes on and what it prints is dropped.</summary>
internal sealed class ConsoleOutput
{
    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private bool _gone;

    internal ConsoleOutput(Stream stream) => _stream = stream;

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_gone)
            {
                return;
            }

            try
            {
                _stream.Write(bytes);
                _stream.Flush();
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                _gone = true;
            }
        }
    }
}
