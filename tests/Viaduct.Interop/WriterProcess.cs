using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Viaduct.Interop;

/// <summary>A <see cref="VerifiedWriter"/> as a process, whose acknowledgements go to a ledger.</summary>
internal sealed class WriterProcess : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly WriteLedger _ledger;
    private readonly List<string> _lines = [];

    internal WriterProcess(string socket, WriteLedger ledger, int namespaceId = 1)
    {
        _ledger = ledger;
        string[] arguments = [VerifiedWriter.Command, socket, namespaceId.ToString(CultureInfo.InvariantCulture), ledger.Next.ToString(CultureInfo.InvariantCulture)];
        ProcessStartInfo start = new(Environment.ProcessPath!, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Say(line.Data);
        _process.BeginErrorReadLine();
    }

    internal ProcessGauge Gauge => ProcessGauge.Of(_process.Id);

    /// <summary>CPU time that it took.</summary>
    internal TimeSpan Cpu
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>What it said of losses.</summary>
    internal string[] Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Hears that many acknowledgements; none may be of a loss.</summary>
    internal void Listen(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.True(Hear() == VerifiedWriter.Heard.Durable, $"the writer ended, or lost its device: {string.Join('\n', Lines)}");
        }
    }

    /// <summary>Hears acknowledgements for some time.</summary>
    /// <returns>How many.</returns>
    internal long ListenFor(TimeSpan time)
    {
        long began = Stopwatch.GetTimestamp();
        long count = 0;
        while (Stopwatch.GetElapsedTime(began) < time)
        {
            Listen(1);
            count++;
        }

        return count;
    }

    /// <summary>Hears all until it says that its device is lost.</summary>
    internal void ListenToLoss()
    {
        VerifiedWriter.Heard heard;
        while ((heard = Hear()) == VerifiedWriter.Heard.Durable)
        {
        }

        Assert.True(heard == VerifiedWriter.Heard.Loss, $"the writer ended: {string.Join('\n', Lines)}");
    }

    /// <summary>SIGKILL; hears all that it said before.</summary>
    internal void Kill()
    {
        _process.Kill();
        while (Hear() != VerifiedWriter.Heard.End)
        {
        }

        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private VerifiedWriter.Heard Hear()
    {
        byte[] bytes = new byte[sizeof(ulong)];
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(_patience);
        int length = _process.StandardOutput.BaseStream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, patience.Token).AsTask().GetAwaiter().GetResult();
        ulong number = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (length != bytes.Length)
        {
            return VerifiedWriter.Heard.End;
        }

        if (number == VerifiedWriter.Lost)
        {
            return VerifiedWriter.Heard.Loss;
        }

        _ledger.Note(number);
        return VerifiedWriter.Heard.Durable;
    }

    private void Say(string? line)
    {
        lock (_lines)
        {
            _lines.Add(line ?? "(end)");
        }
    }
}
