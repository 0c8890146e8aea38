using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Viaduct.Platform.Host;

[assembly: DisableRuntimeMarshalling]

namespace Viaduct.Paravirtual.Entropy;

/// <summary>The host kernel's random numbers, without the cryptography libraries and their loading time.</summary>
internal static unsafe partial class HostRandom
{
    private const int Interrupted = 4;

    /// <summary>Fills a span.</summary>
    /// <exception cref="HostException">The kernel has none to give.</exception>
    internal static void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            nint count;
            fixed (byte* first = bytes)
            {
                count = getrandom(first, (nuint)bytes.Length, 0);
            }

            if (count < 0)
            {
                if (Marshal.GetLastPInvokeError() != Interrupted)
                {
                    throw HostException.Last("getrandom");
                }

                continue;
            }

            bytes = bytes[(int)count..];
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(byte* buffer, nuint length, uint flags);
}
