using System.Runtime.InteropServices;
using Viaduct.Engines.Software.Translator;

namespace Viaduct.Engines.Software.Interop;

/// <summary>The host's CMPXCHG16B, for which .NET has no function. Where the host has none, processors must be stopped.</summary>
internal static unsafe class WideExchange
{
    // push rbx; mov r8, rdx; mov rax, [rsi]; mov rdx, [rsi+8]; mov rbx, [r8]; mov rcx, [r8+8];
    // lock cmpxchg16b [rdi]; mov [rsi], rax; mov [rsi+8], rdx; pop rbx; ret
    private static ReadOnlySpan<byte> Code =>
    [
        0x53, 0x49, 0x89, 0xD0, 0x48, 0x8B, 0x06, 0x48, 0x8B, 0x56, 0x08, 0x49, 0x8B, 0x18, 0x49, 0x8B, 0x48, 0x08,
        0xF0, 0x48, 0x0F, 0xC7, 0x0F, 0x48, 0x89, 0x06, 0x48, 0x89, 0x56, 0x08, 0x5B, 0xC3,
    ];

    private static readonly delegate* unmanaged<byte*, UInt128*, UInt128*, void> _exchange = Make();

    /// <summary>Whether the host has it.</summary>
    internal static bool IsSupported => _exchange != null;

    /// <summary>Replaces 16 aligned bytes if they are as expected.</summary>
    /// <returns>What they were.</returns>
    internal static UInt128 CompareExchange(byte* at, UInt128 expected, UInt128 replacement)
    {
        _exchange(at, &expected, &replacement);
        return expected;
    }

    // Lives as long as the process.
    private static delegate* unmanaged<byte*, UInt128*, UInt128*, void> Make()
    {
        if (!SoftwareEngineOptions.CanTranslate)
        {
            return null;
        }

        ExecutableMemory memory = new(4096);
        Code.CopyTo(new Span<byte>(memory.Writable, Code.Length));
        return (delegate* unmanaged<byte*, UInt128*, UInt128*, void>)memory.Executable;
    }
}
