using System.Net.Sockets;
using System.Text;
using Viaduct.Cli.Lab.Consoles;

namespace Viaduct.Cli.Tests.Lab;

public sealed class SocketConsoleTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("viaduct-console-");

    private string SocketPath => Path.Combine(_folder.FullName, "console.sock");

    [Fact]
    public async Task Client_ThatComesLate_GetsWhatWasWrittenAndWhatFollows()
    {
        using SocketConsole console = new(SocketPath);
        console.Write("before "u8);
        using Socket client = Connect();
        Assert.Equal("before ", await Read(client, 7));
        console.Write("after"u8);
        Assert.Equal("after", await Read(client, 5));
    }

    [Fact]
    public async Task Clients_SeveralAndGone_DisturbNobody()
    {
        using SocketConsole console = new(SocketPath);
        using Socket first = Connect();
        console.Write("one "u8);
        Assert.Equal("one ", await Read(first, 4));
        using (Socket second = Connect())
        {
            Assert.Equal("one ", await Read(second, 4));
        }

        console.Write("two"u8);
        Assert.Equal("two", await Read(first, 3));
    }

    [Fact]
    public async Task Client_ThatDoesNotRead_LosesTheOldestAndIsToldHowMuch()
    {
        using SocketConsole console = new(SocketPath);
        using Socket client = Connect();
        console.Write("."u8);
        Assert.Equal(".", await Read(client, 1));
        byte[] line = Encoding.ASCII.GetBytes(new string('x', 1023) + "\n");
        for (int i = 0; i < 20_000; i++)
        {
            console.Write(line);
        }

        console.Write("THE END"u8);
        string text = await ReadUntil(client, "THE END");
        Assert.Contains("bytes lost here]", text, StringComparison.Ordinal);
        Assert.True(text.Length < 20_000 * 1024);
    }

    [Fact]
    public void Backlog_ReadFromBeforeItsOldest_SaysHowManyAreGone()
    {
        ConsoleBacklog backlog = new(8);
        backlog.Write("0123456789ab"u8);
        long place = 1;
        byte[] buffer = new byte[16];
        int count = backlog.Read(ref place, buffer, out long lost, out _);
        Assert.Equal(("456789ab", 3, 12), (Encoding.ASCII.GetString(buffer, 0, count), lost, place));
    }

    [Fact]
    public async Task Dispose_TakesTheSocketAndTheClientsAway()
    {
        SocketConsole console = new(SocketPath);
        using Socket client = Connect();
        console.Write("x"u8);
        _ = await Read(client, 1);
        console.Dispose();
        Assert.False(File.Exists(SocketPath));
        Assert.Equal("", await Read(client, 1));
    }

    [Fact]
    public async Task Open_WhereAMonitorLeftASocket_ReplacesIt()
    {
        using (Socket left = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(SocketPath));
        }

        using SocketConsole console = new(SocketPath);
        console.Write("x"u8);
        using Socket client = Connect();
        Assert.Equal("x", await Read(client, 1));
    }

    [Fact]
    public void Open_WhereSomethingElseIs_Refuses()
    {
        using SocketConsole first = new(SocketPath);
        Assert.Contains(SocketPath, Assert.Throws<IOException>(() => new SocketConsole(SocketPath)).Message, StringComparison.Ordinal);
        string file = Path.Combine(_folder.FullName, "file");
        File.WriteAllText(file, "mine");
        Assert.Throws<IOException>(() => new SocketConsole(file));
        Assert.Equal("mine", File.ReadAllText(file));
        Assert.Throws<IOException>(() => new SocketConsole("/tmp/" + new string('x', 200)));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task<string> Read(Socket client, int length)
    {
        byte[] buffer = new byte[length];
        int count = 0;
        while (count < length)
        {
            int got = await client.ReceiveAsync(buffer.AsMemory(count), TestContext.Current.CancellationToken);
            if (got == 0)
            {
                break;
            }

            count += got;
        }

        return Encoding.ASCII.GetString(buffer, 0, count);
    }

    private static async Task<string> ReadUntil(Socket client, string end)
    {
        StringBuilder text = new();
        while (!text.ToString(Math.Max(0, text.Length - end.Length), Math.Min(text.Length, end.Length)).Equals(end, StringComparison.Ordinal))
        {
            text.Append(await Read(client, 1));
        }

        return text.ToString();
    }

    private Socket Connect()
    {
        Socket client = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return client;
    }
}
