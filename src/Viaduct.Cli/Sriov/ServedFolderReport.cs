using Viaduct.Sriov.Control;

namespace Viaduct.Cli.Sriov;

/// <summary>A controller that is served on this host, as <c>--json</c> writes it.</summary>
/// <param name="Folder">Where its sockets are.</param>
/// <param name="Server">Who serves it.</param>
/// <param name="Controller">Its functions; absent where it doesn't answer.</param>
internal sealed record ServedFolderReport(string Folder, HolderReport Server, ControlReply? Controller);
