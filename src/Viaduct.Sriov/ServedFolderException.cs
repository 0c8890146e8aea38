namespace Viaduct.Sriov;

/// <summary>A folder can't have a served controller's sockets; the message says why, and what would help.</summary>
public sealed class ServedFolderException(string message) : IOException(message);
