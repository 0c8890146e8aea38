using System.Runtime.InteropServices;
using Iced.Intel;

namespace Viaduct.Engines.Software.Tests.FloatingPoint;

/// <summary>A page of host instructions in executable memory: the oracle on x86-64 hosts.</summary>
internal sealed unsafe partial class HostCode : IDisposable
{
    private const nuint Size = 4096;
    private readonly void* _page;

    public HostCode(Action<Assembler> emit)
    {
        var assembler = new Assembler(64);
        emit(assembler);
        using var stream = new MemoryStream();
        _page = Map(null, Size, 7, 0x22, -1, 0);
        if ((nint)_page == -1)
        {
            throw new InvalidOperationException("no executable memory");
        }

        assembler.Assemble(new StreamCodeWriter(stream), (ulong)_page);
        stream.ToArray().CopyTo(new Span<byte>(_page, (int)Size));
    }

    public static bool IsSupported =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 && OperatingSystem.IsLinux();

    /// <summary>Calls the code with <paramref name="context"/> in RDI.</summary>
    public void Run(void* context) => ((delegate* unmanaged<void*, void>)_page)(context);

    public void Dispose() => _ = Unmap(_page, Size);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}
