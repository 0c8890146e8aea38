using Viaduct.Platform.Memory;

namespace Viaduct.Engines.Kvm.Oracle;

/// <summary>Something that can run the oracle's guest: the real processor, or what is compared with it.</summary>
public interface IImageRunner : IDisposable
{
    /// <summary>Guest memory, from address zero on.</summary>
    HostMemory Memory { get; }

    /// <summary>Starts at <paramref name="rip"/> in 64-bit mode at privilege level 0 and runs until the guest writes the done port.</summary>
    /// <param name="pageTable">CR3.</param>
    /// <param name="rip">The first instruction.</param>
    /// <param name="rsp">The stack.</param>
    /// <returns>Null when the guest said that it is done, otherwise what happened instead, for people.</returns>
    string? Run(ulong pageTable, ulong rip, ulong rsp);
}
