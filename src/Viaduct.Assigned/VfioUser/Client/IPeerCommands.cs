using Viaduct.Assigned.VfioUser.Protocol;

namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>Carries out what the server asks of the client.</summary>
internal interface IPeerCommands
{
    /// <summary>A command came. The receiver's thread: it must not wait for the server.</summary>
    void OnCommand(ReceivedMessage message);

    /// <summary>The connection has ended; any thread, once.</summary>
    void OnLost();
}
