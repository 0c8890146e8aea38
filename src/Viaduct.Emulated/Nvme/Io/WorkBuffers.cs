using System.Runtime.InteropServices;

namespace Viaduct.Emulated.Nvme.Io;

/// <summary>
/// A few host buffers for commands that need one (Compare, Dataset Management); further ones wait their turn. Each
/// holds two transfers, takes no memory until it is used, and is page-aligned for direct I/O. Worker only.
/// </summary>
internal sealed unsafe class WorkBuffers : IDisposable
{
    /// <summary>Bytes of a half: the largest transfer.</summary>
    internal const int HalfLength = NvmeLimits.TransferBytes;

    private const int Count = 4;
    private const int Alignment = 4096;

    private readonly void*[] _buffers = new void*[Count];
    private uint _taken;
    private bool _disposed;

    /// <summary>Takes a buffer; -1 when all are in use.</summary>
    internal int Take()
    {
        for (int index = 0; index < Count; index++)
        {
            if ((_taken & (1u << index)) == 0)
            {
                if (_buffers[index] is null)
                {
                    _buffers[index] = NativeMemory.AlignedAlloc(2 * HalfLength, Alignment);
                }

                _taken |= 1u << index;
                return index;
            }
        }

        return -1;
    }

    internal void Release(int index) => _taken &= ~(1u << index);

    internal void Clear() => _taken = 0;

    /// <summary>The start of a buffer's first or second half.</summary>
    internal byte* Half(int index, int half) => (byte*)_buffers[index] + (half * HalfLength);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        foreach (void* buffer in _buffers)
        {
            NativeMemory.AlignedFree(buffer);
        }
    }
}
