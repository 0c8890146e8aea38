using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Workers;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Console;

/// <summary>The two queues of a console's port (virtio 1.2, 5.3.2 and 5.3.6): what the guest is sent, what it prints.</summary>
internal sealed class ConsoleWork : SignalledQueueWork
{
    internal const int ReceiveQueue = 0;
    internal const int TransmitQueue = 1;

    private const int Piece = 4096;

    /// <summary>Bytes of a buffer that are filled or printed at most; more is cut, so that one buffer can't hold the thread for long.</summary>
    private const int MaximumBuffer = 1 << 20;

    private readonly ConsoleOutput _output;
    private readonly InputBuffer _input;
    private readonly DeviceCounters _counters;
    private readonly byte[] _piece = new byte[Piece];
    private volatile bool _printed;

    internal ConsoleWork(ConsoleOutput output, InputBuffer input, DeviceCounters counters)
        : base(2, counters)
    {
        _output = output;
        _input = input;
        _counters = counters;
    }

    /// <summary>Told when a driver prints for the first time since <see cref="ExpectDriver"/>.</summary>
    internal event Action? OutputBegan;

    /// <summary>Told when input went to the guest.</summary>
    internal event Action? InputTaken;

    // With nothing to send, the guest's empty buffers are of no interest.
    protected override bool Wants(int slot) => slot == TransmitQueue || !_input.IsEmpty;

    protected override bool Serve(int slot, VirtQueue queue) => slot == TransmitQueue ? Transmit(queue) : Receive(queue);

    /// <summary>A driver comes. Any thread.</summary>
    internal void ExpectDriver() => _printed = false;

    private bool Receive(VirtQueue queue)
    {
        bool worked = false;
        while (!_input.IsEmpty && queue.TryPop(out DescriptorChain chain))
        {
            worked = true;
            uint written = 0;
            uint room = (uint)Math.Min(chain.WritableLength, MaximumBuffer);
            while (written < room)
            {
                Span<byte> piece = _piece.AsSpan(0, (int)Math.Min(Piece, room - written));
                int count = _input.Take(piece);
                if (count == 0)
                {
                    break;
                }

                if (!chain.TryWrite(written, piece[..count]))
                {
                    queue.Break(QueueError.AnswerNotMemory);
                    return true;
                }

                written += (uint)count;
            }

            Finish(queue, chain.Token, written, written);
        }

        if (worked)
        {
            InputTaken?.Invoke();
        }

        return worked;
    }

    private bool Transmit(VirtQueue queue)
    {
        bool worked = false;
        for (int budget = queue.Size; budget > 0 && queue.TryPop(out DescriptorChain chain); budget--)
        {
            worked = true;
            uint length = (uint)Math.Min(chain.ReadableLength, MaximumBuffer);
            for (uint printed = 0; printed < length; printed += Piece)
            {
                Span<byte> piece = _piece.AsSpan(0, (int)Math.Min(Piece, length - printed));
                if (!chain.TryRead(printed, piece))
                {
                    queue.Break(QueueError.BufferNotMemory);
                    return true;
                }

                _output.Write(piece);
            }

            if (!_printed)
            {
                _printed = true;
                OutputBegan?.Invoke();
            }

            Finish(queue, chain.Token, 0, length);
        }

        return worked;
    }

    private void Finish(VirtQueue queue, ChainToken token, uint written, uint moved)
    {
        _counters.BackendOperation(moved);
        _counters.Request();
        queue.Push(token, written);
    }
}
