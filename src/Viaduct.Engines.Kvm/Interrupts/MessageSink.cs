using Viaduct.Platform.Interrupts;

namespace Viaduct.Engines.Kvm.Interrupts;

/// <summary>Message-signalled interrupts, handed to the local APICs in the kernel.</summary>
internal sealed class MessageSink(KvmMachine machine) : IMsiSink
{
    /// <inheritdoc/>
    /// <remarks>Intel SDM vol. 3A 11.11: address bits 31 to 20 are FEEH.</remarks>
    public void Signal(ushort requesterId, ulong address, uint data)
    {
        if ((address >> 20) == 0xFEE)
        {
            machine.SignalMessage(address, data);
        }
    }
}
