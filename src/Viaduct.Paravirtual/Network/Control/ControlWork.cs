using Viaduct.Paravirtual.Queues;
using Viaduct.Paravirtual.Workers;
using Viaduct.Platform.Accounting;

namespace Viaduct.Paravirtual.Network.Control;

/// <summary>The control queue (virtio 1.2, 5.1.6.5): a class, a command, its data; then the answer, and behind it what a command asks for.</summary>
internal sealed class ControlWork : SignalledQueueWork
{
    private const byte Ok = 0;
    private const byte Error = 1;
    private const int Header = 2;

    /// <summary>Larger commands are refused: none that makes sense comes near.</summary>
    private const int MaximumCommand = 16 << 10;

    private readonly ControlCommands _commands;
    private readonly DeviceCounters _counters;
    private readonly byte[] _command = new byte[MaximumCommand];

    internal ControlWork(ControlCommands commands, DeviceCounters counters)
        : base(1, counters)
    {
        _commands = commands;
        _counters = counters;
    }

    protected override bool Wants(int slot) => true;

    protected override bool Serve(int slot, VirtQueue queue)
    {
        bool worked = false;
        for (int budget = queue.Size; budget > 0 && queue.TryPop(out DescriptorChain chain); budget--)
        {
            worked = true;
            Answer(queue, chain);
        }

        return worked;
    }

    private void Answer(VirtQueue queue, in DescriptorChain chain)
    {
        Span<byte> answer = stackalloc byte[1 + ControlCommands.MaximumResult];
        int result = 0;
        answer[0] = TryExecute(chain, answer[1..], ref result) ? Ok : Error;
        Span<byte> written = answer[..(1 + (int)Math.Min((ulong)result, Math.Max(chain.WritableLength, 1) - 1))];
        if (chain.WritableLength == 0 || !chain.TryWrite(0, written))
        {
            queue.Break(chain.WritableLength == 0 ? QueueError.NoRoomForAnswer : QueueError.AnswerNotMemory);
            return;
        }

        _counters.Request();
        queue.Push(chain.Token, (uint)written.Length);
    }

    private bool TryExecute(in DescriptorChain chain, Span<byte> result, ref int length)
    {
        if (chain.ReadableLength is < Header or > MaximumCommand)
        {
            return false;
        }

        Span<byte> command = _command.AsSpan(0, (int)chain.ReadableLength);
        return chain.TryRead(0, command) && _commands.TryExecute((ControlClass)command[0], command[1], command[Header..], result, ref length);
    }
}
