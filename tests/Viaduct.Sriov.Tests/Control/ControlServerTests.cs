using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Viaduct.Sriov.Control;
using Viaduct.Sriov.Tests.Fakes;

namespace Viaduct.Sriov.Tests.Control;

// One class after the other: descriptors and threads are counted.
[Collection("served")]
public sealed class ControlServerTests
{
    private static readonly string[] _lines =
    [
        """{"command":"list"}""",
        """{"command":"create","count":1}""",
        """{"command":"remove","functions":[1],"force":true}""",
        """{"command":"set","function":1,"change":{"iops":100,"bandwidth":1000,"burst":10,"online":true}}""",
    ];

    [Fact]
    public void Requests_AreCarriedOutAndAnsweredWithHowThingsStand()
    {
        using Rig rig = new(2);
        Assert.Equal(["pf", "vf1", "vf2"], Ask(rig, new ControlRequest { Command = "list" }).Functions.Select(each => each.Name));
        Assert.Equal(["pf", "vf1"], Ask(rig, new ControlRequest { Command = "remove", Functions = [2] }).Functions.Select(each => each.Name));
        Assert.Equal(["pf", "vf1", "vf2"], Ask(rig, new ControlRequest { Command = "create", Count = 1 }).Functions.Select(each => each.Name));
        ControlReply set = Ask(rig, new ControlRequest { Command = "set", Function = 2, Change = new FunctionChange { Iops = 7 } });
        Assert.Equal(7, set.Functions[2].Iops);
        Assert.Equal("test", set.Device);
        Assert.Equal(["pf"], Ask(rig, new ControlRequest { Command = "remove" }).Functions.Select(each => each.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"command":null}""")]
    [InlineData("""{"command":"destroy"}""")]
    [InlineData("""{"command":"list","colour":1}""")]
    [InlineData("""{"command":"create"}""")]
    [InlineData("""{"command":"create","count":-1}""")]
    [InlineData("""{"command":"create","count":99999999999}""")]
    [InlineData("""{"command":"remove","functions":[]}""")]
    [InlineData("""{"command":"remove","functions":[0]}""")]
    [InlineData("""{"command":"remove","functions":[-2147483648,3]}""")]
    [InlineData("""{"command":"set","function":1}""")]
    [InlineData("""{"command":"set","function":1,"change":{"iops":-5}}""")]
    [InlineData("""{"command":"set","function":1,"change":{"online":"maybe"}}""")]
    [InlineData("""{"command":"\ud800"}""")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[")]
    public void WrongLine_IsAnsweredWithAnError_AndChangesNothing(string line)
    {
        using Rig rig = new(2);
        using Connection client = new(rig.Folder);
        ControlReply reply = client.Ask(line);
        Assert.NotEmpty(reply.Error!.Message);
        Assert.Equal(3, reply.Functions.Count);
        Assert.Null(client.Ask("""{"command":"list"}""").Error);
    }

    [Fact]
    public void AnyBytes_AreAnswered_AndTheNextRequestIsCarriedOut()
    {
        using Rig rig = new(2);
        using Connection client = new(rig.Folder);
        Prop.ForAll<byte[], int, byte>((noise, at, value) =>
        {
            byte[] line = Encoding.UTF8.GetBytes(_lines[(uint)at % _lines.Length]);
            line[(uint)at % line.Length] = value;
            byte[] sent = [.. noise.Take(ControlServer.MaxLine - 1).Where(each => each != '\n'), (byte)'\n', .. line.Where(each => each != '\n'), (byte)'\n'];
            client.Send(sent);
            _ = client.Receive();
            _ = client.Receive();
            ControlReply reply = client.Ask("""{"command":"list"}""");
            return reply.Error is null && reply.VirtualFunctions == 2;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void LineThatDoesNotEnd_IsRefusedAndItsClientLeftAlone()
    {
        using Rig rig = new(1);
        using Connection client = new(rig.Folder);
        client.Send(new byte[ControlServer.MaxLine]);
        Assert.Contains("at most", client.Receive()!.Error!.Message, StringComparison.Ordinal);
        Assert.Null(client.Receive());
        Assert.Null(Ask(rig, new ControlRequest { Command = "list" }).Error);
    }

    [Fact]
    public void LinesInPiecesAndTogether_AreAnsweredInOrder()
    {
        using Rig rig = new(2);
        using Connection client = new(rig.Folder);
        foreach (byte each in "{\"command\":\"remove\",\"functions\":[1]}"u8)
        {
            client.Send([each]);
        }

        client.Send("\n{\"command\":\"create\",\"count\":1}\n{\"command\":\"nothing\"}\n"u8);
        Assert.Equal(2, client.Receive()!.Functions.Count);
        Assert.Equal(3, client.Receive()!.Functions.Count);
        Assert.NotNull(client.Receive()!.Error);
    }

    [Fact]
    public void TooManyClients_AreToldSo_AndComeInWhenOneLeaves()
    {
        using Rig rig = new(1);
        List<Connection> clients = [.. Enumerable.Range(0, ControlServer.MaxClients).Select(_ => new Connection(rig.Folder))];
        Assert.All(clients, client => Assert.Null(client.Ask("""{"command":"list"}""").Error));
        using (Connection further = new(rig.Folder))
        {
            Assert.Equal(ControlErrorKind.Failed, further.Receive()!.Error!.Kind);
            Assert.Null(further.Receive());
        }

        clients.ForEach(client => client.Dispose());
        // The places are free when the server has seen the clients leave.
        Assert.True(SpinWait.SpinUntil(() => IsServed(rig), TimeSpan.FromSeconds(30)), "Nobody comes in any more");
    }

    [Fact]
    public void NobodyThere_IsSaidWithTheRemedy()
    {
        ServedFolderException error = Assert.Throws<ServedFolderException>(() => ControlClient.Ask("/nowhere", new ControlRequest { Command = "list" }));
        Assert.Contains("viaduct serve nvme", error.Message, StringComparison.Ordinal);
    }

    private static bool IsServed(Rig rig)
    {
        try
        {
            return Ask(rig, new ControlRequest { Command = "list" }).Error is null;
        }
        catch (ServedFolderException)
        {
            return false;
        }
    }

    private static ControlReply Ask(Rig rig, ControlRequest request) => ControlClient.Ask(rig.Folder, request);

    /// <summary>A client that says what it likes.</summary>
    private sealed class Connection : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        private readonly StreamReader _reader;

        internal Connection(string folder)
        {
            _socket.Connect(new UnixDomainSocketEndPoint(ServedFolder.ControlOf(folder)));
            _reader = new StreamReader(new NetworkStream(_socket));
        }

        internal void Send(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[_socket.Send(bytes)..];
            }
        }

        /// <summary>The next answer; null when the server closed the connection.</summary>
        internal ControlReply? Receive()
        {
            try
            {
                return _reader.ReadLine() is { } line ? JsonSerializer.Deserialize(line, ControlJson.Default.ControlReply) : null;
            }
            catch (IOException error) when (error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
            {
                return null;
            }
        }

        internal ControlReply Ask(string line)
        {
            Send(Encoding.UTF8.GetBytes(line + "\n"));
            return Receive()!;
        }

        public void Dispose()
        {
            _reader.Dispose();
            _socket.Dispose();
        }
    }
}
