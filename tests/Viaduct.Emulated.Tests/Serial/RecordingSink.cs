using Viaduct.Emulated.Serial;
using Xunit;

namespace Viaduct.Emulated.Tests.Serial;

/// <summary>Keeps what it is given; can be held shut, like a terminal that is stopped.</summary>
internal sealed class RecordingSink : ISerialSink, IDisposable
{
    private readonly List<byte> _bytes = [];
    private readonly ManualResetEventSlim _open = new(true);
    private readonly SemaphoreSlim _entered = new(0);

    public int Writes { get; private set; }

    public bool Broken { get; set; }

    public byte[] Bytes
    {
        get
        {
            lock (_bytes)
            {
                return [.. _bytes];
            }
        }
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _entered.Release();
        _open.Wait();
        if (Broken)
        {
            throw new IOException("gone");
        }

        lock (_bytes)
        {
            _bytes.AddRange(bytes);
            Writes++;
        }
    }

    public void Close() => _open.Reset();

    public void Open() => _open.Set();

    public void WaitUntilWriting() => Assert.True(_entered.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));

    public void Dispose()
    {
        _open.Dispose();
        _entered.Dispose();
    }
}
