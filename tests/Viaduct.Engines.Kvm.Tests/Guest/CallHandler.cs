using Viaduct.Platform.AddressSpaces;

namespace Viaduct.Engines.Kvm.Tests.Guest;

/// <summary>A register by which the guest has the test do something, on the processor's thread.</summary>
internal sealed class CallHandler(Action<int> call) : IAccessHandler
{
    public AccessStatus Read(ulong offset, int size, out ulong value)
    {
        value = 0;
        return AccessStatus.Done;
    }

    public AccessStatus Write(ulong offset, int size, ulong value)
    {
        call((int)value);
        return AccessStatus.Done;
    }
}
