using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Viaduct.Sriov.Control;

/// <summary>Asks a served controller.</summary>
public static class ControlClient
{
    private const int MaxReply = 1 << 20;
    private const int PatienceMilliseconds = 30_000;
    private const int SolSocket = 1;
    private const int SoPeerCredentials = 17;

    /// <summary>Sends one request.</summary>
    /// <param name="folder">The controller's folder.</param>
    /// <param name="request">What is asked.</param>
    /// <returns>The answer, which may be an error.</returns>
    /// <exception cref="ServedFolderException">No controller is served there, or what answers makes no sense.</exception>
    public static ControlReply Ask(string folder, ControlRequest request)
    {
        using Socket socket = Connect(folder);
        try
        {
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest);
            ReadOnlySpan<byte> rest = (byte[])[.. json, (byte)'\n'];
            try
            {
                while (!rest.IsEmpty)
                {
                    rest = rest[socket.Send(rest)..];
                }
            }
            catch (SocketException)
            {
                // A server with too many clients answers and closes before it reads; its answer is there all the same.
            }

            return JsonSerializer.Deserialize(ReadLine(socket), ControlJson.Default.ControlReply)
                ?? throw new ServedFolderException($"{folder}: the control socket's answer makes no sense");
        }
        catch (Exception error) when (error is SocketException or JsonException)
        {
            throw new ServedFolderException($"{folder}: the controller doesn't answer: {error.Message}");
        }
    }

    /// <summary>The process that serves in a folder, for people.</summary>
    internal static string NameServer(string folder)
    {
        try
        {
            using Socket socket = Connect(folder);
            Span<byte> credentials = stackalloc byte[12];
            _ = socket.GetRawSocketOption(SolSocket, SoPeerCredentials, credentials);
            int process = MemoryMarshal.Read<int>(credentials);
            return $"{File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n')} (pid {process})";
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }

    private static Socket Connect(string folder)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = PatienceMilliseconds,
            SendTimeout = PatienceMilliseconds,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(ServedFolder.ControlOf(folder)));
            return socket;
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw new ServedFolderException($"{folder}: no controller is served there ({error.Message}); start one with: viaduct serve nvme --disk path=F --vfs N --vfio-user {folder}");
        }
    }

    private static ReadOnlySpan<byte> ReadLine(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int filled = 0;
        while (true)
        {
            int received = socket.Receive(buffer.AsSpan(filled));
            int end = buffer.AsSpan(filled, received).IndexOf((byte)'\n');
            if (end >= 0)
            {
                return buffer.AsSpan(0, filled + end);
            }

            filled += received;
            if (received == 0 || filled == MaxReply)
            {
                throw new JsonException(received == 0 ? "it closed the connection" : "it says too much");
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }
}
