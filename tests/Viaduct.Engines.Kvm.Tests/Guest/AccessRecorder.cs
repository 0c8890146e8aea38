using System.Collections.Concurrent;
using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Kvm.Tests.Guest;

/// <summary>Registers that note what is done to them; reads give the byte offset in each byte, counting on.</summary>
internal sealed class AccessRecorder : IAccessHandler
{
    private int _reads;

    /// <summary>Reads and writes as text: <c>w4@10=12345678</c>, <c>r2@8</c>.</summary>
    public ConcurrentQueue<string> Accesses { get; } = new();

    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        Accesses.Enqueue($"r{size}@{offset:x}");
        value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)(byte)(0x10 + _reads++) << (i * 8);
        }

        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        Accesses.Enqueue($"w{size}@{offset:x}={value:x}");
        return AccessStatus.Done;
    }
}
