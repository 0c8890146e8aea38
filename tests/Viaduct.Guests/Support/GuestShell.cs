using System.Globalization;
using System.Text;
using Viaduct.Machine;

namespace Viaduct.Guests.Support;

/// <summary>Types commands into a guest's shell, at the speed at which its serial port takes them, and waits for what they say.</summary>
internal sealed class GuestShell(MachineConsole console, Transcript transcript)
{
    private const string Prompt = "/ # ";

    private int _commands;

    /// <summary>What a RAM disk's script ends with, so that a shell with job control is on the console.</summary>
    internal const string Start = "exec setsid cttyhack sh -i";

    /// <summary>Waits until the shell asks for the first command.</summary>
    internal Task Ready() => transcript.Seen(Prompt);

    /// <summary>Runs a command.</summary>
    /// <returns>What it printed.</returns>
    internal async Task<string> Run(string command)
    {
        // The terminal echoes what is typed: the marks are written so that the echo doesn't hold them.
        string number = (_commands++).ToString(CultureInfo.InvariantCulture);
        await Type($"echo '<'{number}'>'; {command}; echo '</'{number}'>'\n");
        string end = $"</{number}>";
        await transcript.Seen(end);
        string text = transcript.Text;
        string begin = $"<{number}>";
        int from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return text[from..text.IndexOf(end, StringComparison.Ordinal)].Replace("\r", "", StringComparison.Ordinal).Trim('\n');
    }

    /// <summary>Types a line and doesn't wait.</summary>
    internal async Task Type(string line)
    {
        ReadOnlyMemory<byte> rest = Encoding.ASCII.GetBytes(line);
        using SemaphoreSlim room = new(0);
        void MoreRoom() => room.Release();
        console.InputReady += MoreRoom;
        try
        {
            while (true)
            {
                rest = rest[console.Receive(rest.Span)..];
                if (rest.IsEmpty)
                {
                    return;
                }

                await room.WaitAsync(TestContext.Current.CancellationToken);
            }
        }
        finally
        {
            console.InputReady -= MoreRoom;
        }
    }
}
