using Viaduct.Machine;

namespace Viaduct.Cli.Console;

/// <summary>
/// Brings keys from standard input to a guest's console. Ctrl-A begins a command, as in QEMU: X leaves, S saves, Ctrl-A
/// sends itself, H lists them. End of input leaves the guest running.
/// </summary>
internal sealed unsafe class ConsoleInput
{
    private const byte Escape = 1;

    private readonly Action _leave;
    private readonly Action? _save;
    private readonly object _room = new();
    private bool _hasRoom;
    private volatile MachineConsole? _port;
    private bool _escaped;

    /// <param name="leave">Called when the user asks to leave.</param>
    /// <param name="save">Called when the user asks to save the guest; null where that can't be.</param>
    internal ConsoleInput(Action leave, Action? save)
    {
        _leave = leave;
        _save = save;
        new Thread(Run) { Name = "console-input", IsBackground = true }.UnsafeStart();
    }

    /// <summary>From now on keys go to this console: after a reset the guest has another.</summary>
    internal void Connect(MachineConsole port)
    {
        port.InputReady += TryAgain;
        _port = port;
        TryAgain();
    }

    private void Run()
    {
        byte* buffer = stackalloc byte[256];
        Span<byte> forGuest = stackalloc byte[256];
        while (true)
        {
            nint count = TerminalCalls.read(TerminalCalls.StandardInput, buffer, 256);
            if (count <= 0)
            {
                return;
            }

            int length = 0;
            for (nint i = 0; i < count; i++)
            {
                if (Accept(buffer[i]))
                {
                    forGuest[length++] = buffer[i];
                }
            }

            Send(forGuest[..length]);
        }
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            lock (_room)
            {
                _hasRoom = false;
            }

            int taken = _port?.Receive(bytes) ?? 0;
            bytes = bytes[taken..];
            if (!bytes.IsEmpty)
            {
                WaitForRoom();
            }
        }
    }

    private void TryAgain()
    {
        lock (_room)
        {
            _hasRoom = true;
            Monitor.Pulse(_room);
        }
    }

    private void WaitForRoom()
    {
        lock (_room)
        {
            while (!_hasRoom)
            {
                Monitor.Wait(_room);
            }
        }
    }

    private bool Accept(byte key)
    {
        if (!_escaped)
        {
            _escaped = key == Escape;
            return !_escaped;
        }

        _escaped = false;
        switch (key)
        {
            case (byte)'x' or (byte)'X':
                _leave();
                return false;
            case (byte)'s' or (byte)'S' when _save is not null:
                _save();
                return false;
            case (byte)'h' or (byte)'H' or (byte)'?':
                System.Console.Error.Write("\r\nCtrl-A X  leave (the guest is switched off)\r\nCtrl-A S  save the guest and leave (with --save)\r\nCtrl-A Ctrl-A  send Ctrl-A\r\nCtrl-A H  this list\r\n");
                return false;
            default:
                return key == Escape;
        }
    }
}
