using Viaduct.Engines.Software.Interop;
using Viaduct.Platform.Host;
using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Software.Translator;

/// <summary>Memory for host code, mapped twice: writable at one address, executable at another, never both at one.</summary>
internal sealed unsafe class ExecutableMemory : IDisposable
{
    private readonly HostMemory _memory;
    private readonly byte* _code;

    internal ExecutableMemory(ulong length)
    {
        _memory = new HostMemory("viaduct-translated-code", length);
        int file = (int)_memory.File.DangerousGetHandle();
        void* code = MemoryMap.mmap(null, (nuint)length, MemoryMap.PROT_READ | MemoryMap.PROT_EXEC, MemoryMap.MAP_SHARED, file, 0);
        if (code == MemoryMap.Failed)
        {
            HostException error = HostException.Last("mmap executable memory");
            _memory.Dispose();
            throw error;
        }

        _code = (byte*)code;
    }

    /// <summary>Where bytes are written.</summary>
    internal byte* Writable => _memory.Pointer;

    /// <summary>Where the same bytes are executed.</summary>
    internal byte* Executable => _code;

    /// <summary>Bytes.</summary>
    internal int Length => (int)_memory.Length;

    /// <inheritdoc/>
    public void Dispose()
    {
        _ = MemoryMap.munmap(_code, (nuint)_memory.Length);
        _memory.Dispose();
    }
}
