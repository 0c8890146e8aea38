namespace Viaduct.Assigned.VfioUser.Client;

/// <summary>How a command went.</summary>
internal enum CallResult
{
    /// <summary>No reply yet, and none any more once the connection is lost.</summary>
    Lost,

    /// <summary>Carried out.</summary>
    Done,

    /// <summary>The server said no.</summary>
    Refused,
}
