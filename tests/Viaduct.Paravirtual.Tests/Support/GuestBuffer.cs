namespace Viaduct.Paravirtual.Tests.Support;

/// <summary>A part of a request as the driver describes it.</summary>
internal readonly record struct GuestBuffer(ulong Address, uint Length, bool Writable)
{
    internal static GuestBuffer Read(ulong address, uint length) => new(address, length, false);

    internal static GuestBuffer Write(ulong address, uint length) => new(address, length, true);
}
