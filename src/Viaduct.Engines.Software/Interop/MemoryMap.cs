using System.Runtime.InteropServices;

namespace Viaduct.Engines.Software.Interop;

/// <summary>Mappings of executable memory; names and constants are C's.</summary>
internal static unsafe partial class MemoryMap
{
    internal const int PROT_READ = 1;
    internal const int PROT_EXEC = 4;
    internal const int MAP_SHARED = 0x01;
    internal static readonly void* Failed = (void*)-1;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial void* mmap(void* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(void* address, nuint length);
}
