namespace Viaduct.Emulated.Nvme;

/// <summary>A controller of a subsystem as it stands.</summary>
/// <param name="Id">CNTLID: 0 is the physical function's, n virtual function n's.</param>
/// <param name="Online">Whether a driver can use it.</param>
/// <param name="Present">Whether its function is there now.</param>
/// <param name="Queues">VQ resources: pairs of queues, the admin queues among them.</param>
/// <param name="Vectors">VI resources: interrupt vectors.</param>
/// <param name="Namespaces">Identifiers of the namespaces that are attached to it.</param>
/// <param name="Limit">How fast it may work, or null.</param>
public sealed record NvmeControllerInfo(int Id, bool Online, bool Present, int Queues, int Vectors, IReadOnlyList<uint> Namespaces, NvmeRateLimit? Limit);
