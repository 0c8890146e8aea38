namespace Viaduct.Platform.AddressSpaces;

/// <summary>
/// The registers of a device behind a range of addresses. Called on the thread of the vCPU that made the access, or of
/// the server that hosts the device; several at once. Never blocks on another vCPU.
/// </summary>
public interface IAccessHandler
{
    /// <param name="offset">Bytes from the start of the range.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">What was read, zero-extended.</param>
    AccessStatus Read(ulong offset, int size, out ulong value);

    /// <param name="offset">Bytes from the start of the range.</param>
    /// <param name="size">1, 2, 4 or 8.</param>
    /// <param name="value">What is written; bits above <paramref name="size"/> are zero.</param>
    AccessStatus Write(ulong offset, int size, ulong value);
}
