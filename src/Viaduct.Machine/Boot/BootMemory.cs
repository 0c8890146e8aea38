using Viaduct.Platform.Memory;

namespace Viaduct.Machine.Boot;

/// <summary>Writes to the memory of a guest that isn't running yet; what doesn't fit is an error of the file it came from.</summary>
internal sealed class BootMemory
{
    private readonly GuestMemory _memory;

    internal BootMemory(GuestMemory memory, ulong lowRamEnd)
    {
        _memory = memory;
        LowRamEnd = lowRamEnd;
    }

    /// <summary>The end of RAM below 4 GiB.</summary>
    internal ulong LowRamEnd { get; }

    /// <summary>Copies bytes in.</summary>
    /// <param name="path">The file to blame.</param>
    /// <param name="what">What the bytes are.</param>
    /// <param name="address">Where they go.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="KernelImageException">There is no RAM there.</exception>
    internal void Write(string path, string what, ulong address, ReadOnlySpan<byte> bytes)
    {
        if (address + (ulong)bytes.Length < address || !_memory.TryWrite(address, bytes))
        {
            throw new KernelImageException(
                path,
                $"{what} goes to {address:x}-{address + (ulong)bytes.Length:x}, where the guest has no RAM: give it more with --memory");
        }
    }
}
