using System.Buffers.Binary;
using Viaduct.Backends.Network;
using Viaduct.Backends.Network.Passt;
using Viaduct.Backends.Tests.Network.Support;

namespace Viaduct.Backends.Tests.Network.Passt;

/// <summary>The program passt of Debian's package of that name, and programs that only pretend to be it.</summary>
public sealed class PasstTests : IDisposable
{
    private const ulong Card = 0x5254_0000_0002;

    private readonly string _folder = Directory.CreateTempSubdirectory("passt-").FullName;
    private readonly ListLog _log = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Passt_AnswersTheCardsDhcp()
    {
        using Station card = new(PasstBackend.Open(new PasstOptions { Log = _log }), Card);
        card.Send(DhcpDiscover());
        byte[] offer = card.Receive(IsDhcpReply);
        Assert.Equal(2, offer[42]);
        Assert.NotEqual(0u, BinaryPrimitives.ReadUInt32BigEndian(offer.AsSpan(42 + 16)));
    }

    [Fact]
    public void Passt_Killed_IsStartedAgainAndTheLinkGoesDownAndUp()
    {
        using Station card = new(PasstBackend.Open(new PasstOptions { Program = Script("""kill -9 $$"""), Log = _log }), Card);
        _log.Await("passt ended (signal 9)");
        card.AwaitReconnection();
    }

    [Fact]
    public void Program_ThatEchoesFrames_GetsThemWhole()
    {
        // What comes by the socket goes back as it came, each length with its frame.
        using Station card = new(PasstBackend.Open(new PasstOptions { Program = Script("exec cat <&3 >&3"), Log = _log }), Card);
        for (int i = 1; i <= 300; i++)
        {
            byte[] frame = card.Frame(MacAddress.Broadcast, i, length: 60 + (i * 211 % 65000));
            card.Send(frame);
            Assert.Equal(frame, card.Receive());
        }
    }

    [Fact]
    public void Program_ThatSendsNoFrame_IsEndedAndStartedAgain()
    {
        using Station card = new(PasstBackend.Open(new PasstOptions { Program = Script("""printf '\377\377\377\377abcd' >&3; exec cat <&3 >/dev/null"""), Log = _log }), Card);
        card.Queue.Wait(NetworkInterest.Receive, TimeSpan.FromSeconds(60));
        Assert.False(card.Queue.TryReceive());
        _log.Await("it sent a frame of 4294967295 bytes");
        card.AwaitReconnection();
    }

    [Fact]
    public void Words_OfTheProgram_AreReported()
    {
        using PasstBackend passt = PasstBackend.Open(new PasstOptions { TcpPorts = "2222:22", Program = Script("""echo "called with $*" >&2; exec cat <&3 >/dev/null"""), Log = _log });
        _log.Await("called with --foreground --quiet --stderr --tcp-ports 2222:22 --fd 3");
    }

    [Fact]
    public void Open_NoSuchProgram_SaysWhatToInstall() => Assert.Contains(
        "apt-get install passt",
        Assert.Throws<NetworkOpenException>(() => PasstBackend.Open(new PasstOptions { Program = "/nowhere/passt", Log = _log })).Message,
        StringComparison.Ordinal);

    private static bool IsDhcpReply(byte[] frame) =>
        frame.Length > 282 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12)) == 0x0800 && frame[23] == 17 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(36)) == 68;

    private static byte[] DhcpDiscover()
    {
        byte[] message = new byte[300];
        message[0] = 1;
        message[1] = 1;
        message[2] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), 0x1234_5678);
        new MacAddress(Card).Write(message.AsSpan(28));
        new byte[] { 99, 130, 83, 99, 53, 1, 1, 255 }.CopyTo(message, 236);
        byte[] frame = FrameMaker.Udp(4, message);
        MacAddress.Broadcast.Write(frame);
        new MacAddress(Card).Write(frame.AsSpan(6));
        frame.AsSpan(26, 4).Clear();
        frame.AsSpan(30, 4).Fill(0xFF);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), 68);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(36), 67);
        frame.AsSpan(24, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(24), (ushort)~PlainChecksum.Sum(frame.AsSpan(14, 20), 0));
        frame.AsSpan(40, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(40), (ushort)~PlainChecksum.Sum(frame.AsSpan(34), PlainChecksum.PseudoHeader(frame, 14, 34)));
        return frame;
    }

    private string Script(string text)
    {
        string path = Path.Combine(_folder, "program");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
